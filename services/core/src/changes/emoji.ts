/** One emoji that Unicode recommends for interchange, as Node knows it: sequences (flags, families, skin tones) too. */
const oneEmoji = /^\p{RGI_Emoji}$/v
const variationSelectors = /[\ufe0e\ufe0f]/gu
const withoutSkinTone = /\p{Emoji}(?!\p{Emoji_Modifier})/gu
const showsAsEmoji = /\p{Emoji_Presentation}/u

/**
 * The emoji in its one fully qualified spelling: keyboards differ in the variation selectors that they put in, and `❤`
 * and `❤️` are the same reaction. `undefined` for what is no emoji, or more than one (Unicode UTS #51, ED-18 and ED-27).
 */
export function canonicalEmoji(text: string): string | undefined {
  const qualified = text
    .replaceAll(variationSelectors, '')
    .replaceAll(withoutSkinTone, (char) => (showsAsEmoji.test(char) ? char : `${char}\ufe0f`))
  return oneEmoji.test(qualified) ? qualified : undefined
}

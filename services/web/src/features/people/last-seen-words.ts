import { useEffect, useState } from 'react'

/** What stands around the time that `Intl` words; `{}` is its place. */
export interface LastSeenWords {
  online: string
  lastSeen: string
  /** For less than a minute. */
  justNow: string
}

const english: LastSeenWords = { online: 'Online', lastSeen: 'Last seen {}', justNow: 'Last seen just now' }

/** For languages without words of ours: the dot stands for itself, and `Intl` words the time. */
const withoutWords: LastSeenWords = { online: 'Online', lastSeen: '{}', justNow: '' }

/** The language that a person would rather read, of those in which a time can be worded; else English. */
export function languageOf(languages: readonly string[]): string {
  return languages.find(canBeWorded) ?? 'en'
}

function canBeWorded(language: string): boolean {
  try {
    return Intl.RelativeTimeFormat.supportedLocalesOf(language).length > 0
  } catch (error) {
    if (error instanceof RangeError) return false // some browsers ask for what is no language
    throw error
  }
}

/** `undefined` while they are loaded. */
export function useWords(language: string): LastSeenWords | undefined {
  const isEnglish = keyOf(language) === 'en'
  const [words, setWords] = useState(isEnglish ? english : undefined)
  useEffect(() => {
    let current = true
    if (!isEnglish) {
      wordsIn(language).then(
        (found) => current && setWords(found),
        () => current && setWords(english),
      )
    }
    return () => {
      current = false
    }
  }, [language, isEnglish])
  return words
}

export async function wordsIn(language: string): Promise<LastSeenWords> {
  const key = keyOf(language)
  if (key === 'en') return english
  const { lastSeenWords } = await import('./last-seen-translations.ts')
  return lastSeenWords[key] ?? withoutWords
}

function keyOf(language: string): string {
  const { language: base, script } = new Intl.Locale(language).maximize()
  if (base === 'zh' && script === 'Hant') return 'zh-Hant'
  // Two that are written otherwise than our words.
  if (base === 'sr' && script === 'Latn') return 'hr'
  if (base === 'no' || base === 'nn') return 'nb'
  return base === 'tl' ? 'fil' : base
}

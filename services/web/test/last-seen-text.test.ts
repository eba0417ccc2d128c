import t from 'tap'
import { lastSeenText, type Seen } from '../src/features/people/last-seen-text.ts'
import { lastSeenWords } from '../src/features/people/last-seen-translations.ts'
import { languageOf, wordsIn } from '../src/features/people/last-seen-words.ts'

const now = Date.UTC(2026, 0, 31, 12)
const ago = (seconds: number) => ({
  isOnline: false,
  lastSeen: new Date(now - seconds * 1_000).toISOString(),
})

const textOf = async (seen: Seen, language: string) =>
  lastSeenText(seen, now, language, await wordsIn(language))

t.test('in words, the largest unit that fits', async (t) => {
  t.equal(await textOf({ isOnline: true, lastSeen: null }, 'en'), 'Online')
  t.equal(await textOf(ago(59), 'en'), 'Last seen just now')
  t.equal(await textOf(ago(5 * 60), 'en'), 'Last seen 5 minutes ago')
  t.equal(await textOf(ago(3_600), 'en'), 'Last seen 1 hour ago')
  t.equal(await textOf(ago(15 * 86_400), 'en'), 'Last seen 2 weeks ago')
  t.equal(await textOf(ago(-300), 'en'), 'Last seen just now', 'a clock that runs behind')
  t.equal(await textOf({ isOnline: false, lastSeen: null }, 'en'), undefined, 'not for us to see')
})

t.test('in the first language of the browser that a time can be worded in', async (t) => {
  t.equal(languageOf(['tlh', 'en-US@posix', 'de-AT', 'en']), 'de-AT')
  t.equal(languageOf(['tlh']), 'en')
  t.equal(await textOf(ago(300), 'eu'), 'duela 5 minutu', 'the time alone where there are no words')
  t.equal(await textOf(ago(3), 'eu'), 'orain')
  t.equal(await textOf(ago(300), 'zh-TW'), '最後上線：5 分鐘前')
  t.equal(await textOf(ago(300), 'zh-CN'), '最后在线：5分钟前')
  t.equal(await textOf(ago(300), 'sr-Latn-RS'), 'Zadnji put viđen(a) pre 5 minuta')
  t.equal(await textOf(ago(300), 'de-AT'), 'Zuletzt gesehen vor 5 Minuten')
  t.equal(await textOf(ago(7_200), 'fr'), 'Vu pour la dernière fois il y a 2 heures')
  t.equal(await textOf(ago(86_400), 'ja'), '最終オンライン：1 日前')
  t.equal(await textOf(ago(300), 'pl'), 'Ostatnio online 5 minut temu')
  t.equal(await textOf(ago(300), 'no'), 'Sist sett for 5 minutter siden')
})

t.test('every language has a place for the time, and Intl knows it', async (t) => {
  for (const [language, words] of Object.entries(lastSeenWords)) {
    t.match(words.lastSeen, '{}', language)
    t.strictSame(Intl.RelativeTimeFormat.supportedLocalesOf([language]), [language])
  }
})

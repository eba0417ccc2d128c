import t from 'tap'
import { lastSeenText } from '../src/features/people/last-seen-text.ts'
import { languageOf, lastSeenWords } from '../src/features/people/last-seen-words.ts'

const now = Date.UTC(2026, 0, 31, 12)
const ago = (seconds: number) => ({
  isOnline: false,
  lastSeen: new Date(now - seconds * 1_000).toISOString(),
})

t.test('in words, the largest unit that fits', async (t) => {
  t.equal(lastSeenText({ isOnline: true, lastSeen: null }, now, 'en'), 'Online')
  t.equal(lastSeenText(ago(59), now, 'en'), 'Last seen just now')
  t.equal(lastSeenText(ago(5 * 60), now, 'en'), 'Last seen 5 minutes ago')
  t.equal(lastSeenText(ago(3_600), now, 'en'), 'Last seen 1 hour ago')
  t.equal(lastSeenText(ago(15 * 86_400), now, 'en'), 'Last seen 2 weeks ago')
  t.equal(lastSeenText(ago(-300), now, 'en'), 'Last seen just now', 'a clock that runs behind')
  t.equal(lastSeenText({ isOnline: false, lastSeen: null }, now, 'en'), undefined, 'not for us to see')
})

t.test('in the first language of the browser that there are words for', async (t) => {
  t.equal(languageOf(['eu', 'de-AT', 'en']), 'de-AT')
  t.equal(languageOf(['eu']), 'en')
  t.equal(lastSeenText(ago(300), now, 'de-AT'), 'Zuletzt gesehen vor 5 Minuten')
  t.equal(lastSeenText(ago(7_200), now, 'fr'), 'Vu pour la dernière fois il y a 2 heures')
  t.equal(lastSeenText(ago(86_400), now, 'ja'), '最終オンライン：1 日前')
  t.equal(lastSeenText(ago(300), now, 'pl'), 'Ostatnio online 5 minut temu')
  t.equal(lastSeenText(ago(300), now, 'no'), 'Sist sett for 5 minutter siden')
})

t.test('every language has a place for the time, and Intl knows it', async (t) => {
  for (const [language, words] of Object.entries(lastSeenWords)) {
    t.match(words.lastSeen, '{}', language)
    t.strictSame(Intl.RelativeTimeFormat.supportedLocalesOf([language]), [language])
  }
})

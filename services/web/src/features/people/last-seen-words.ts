/** What stands around the time that `Intl` words; `{}` is its place. */
export interface LastSeenWords {
  online: string
  lastSeen: string
  /** For less than a minute. */
  justNow: string
}

export const lastSeenWords: Readonly<Record<string, LastSeenWords>> = {
  ar: { online: 'متصل الآن', lastSeen: 'آخر ظهور {}', justNow: 'آخر ظهور الآن' },
  cs: { online: 'Online', lastSeen: 'Naposledy online {}', justNow: 'Naposledy online právě teď' },
  da: { online: 'Online', lastSeen: 'Sidst set {}', justNow: 'Sidst set lige nu' },
  de: { online: 'Online', lastSeen: 'Zuletzt gesehen {}', justNow: 'Zuletzt gesehen gerade eben' },
  en: { online: 'Online', lastSeen: 'Last seen {}', justNow: 'Last seen just now' },
  es: { online: 'En línea', lastSeen: 'Última vez {}', justNow: 'Última vez ahora mismo' },
  fi: { online: 'Paikalla', lastSeen: 'Nähty viimeksi {}', justNow: 'Nähty viimeksi juuri äsken' },
  fr: { online: 'En ligne', lastSeen: 'Vu pour la dernière fois {}', justNow: 'Vu à l’instant' },
  he: { online: 'מחובר', lastSeen: 'נראה לאחרונה {}', justNow: 'נראה לאחרונה ממש עכשיו' },
  hi: { online: 'ऑनलाइन', lastSeen: 'पिछली बार {} देखा गया', justNow: 'अभी-अभी देखा गया' },
  hu: { online: 'Elérhető', lastSeen: 'Utoljára itt volt: {}', justNow: 'Az imént itt volt' },
  id: { online: 'Online', lastSeen: 'Terakhir dilihat {}', justNow: 'Terakhir dilihat baru saja' },
  it: { online: 'Online', lastSeen: 'Ultimo accesso {}', justNow: 'Ultimo accesso proprio ora' },
  ja: { online: 'オンライン', lastSeen: '最終オンライン：{}', justNow: '最終オンライン：たった今' },
  ko: { online: '온라인', lastSeen: '마지막 접속: {}', justNow: '마지막 접속: 방금' },
  nb: { online: 'Pålogget', lastSeen: 'Sist sett {}', justNow: 'Sist sett akkurat nå' },
  nl: { online: 'Online', lastSeen: 'Laatst gezien {}', justNow: 'Laatst gezien zojuist' },
  pl: { online: 'Online', lastSeen: 'Ostatnio online {}', justNow: 'Ostatnio online przed chwilą' },
  pt: { online: 'Online', lastSeen: 'Visto por último {}', justNow: 'Visto agora mesmo' },
  ru: { online: 'В сети', lastSeen: 'Был(а) в сети {}', justNow: 'Был(а) в сети только что' },
  sv: { online: 'Online', lastSeen: 'Senast sedd {}', justNow: 'Senast sedd nyss' },
  tr: { online: 'Çevrimiçi', lastSeen: 'Son görülme: {}', justNow: 'Son görülme: az önce' },
  uk: { online: 'У мережі', lastSeen: 'Був(ла) у мережі {}', justNow: 'Був(ла) у мережі щойно' },
  vi: { online: 'Đang hoạt động', lastSeen: 'Hoạt động lần cuối {}', justNow: 'Vừa mới hoạt động' },
  zh: { online: '在线', lastSeen: '最后在线：{}', justNow: '刚刚在线' },
}

/** The first of the languages that a person reads and that there are words for; else English. */
export function languageOf(languages: readonly string[]): string {
  return languages.find((language) => baseOf(language) in lastSeenWords) ?? 'en'
}

export function wordsIn(language: string): LastSeenWords {
  return lastSeenWords[baseOf(language)] ?? (lastSeenWords.en as LastSeenWords)
}

function baseOf(language: string): string {
  const [base = 'en'] = language.toLowerCase().split('-')
  return base === 'no' || base === 'nn' ? 'nb' : base
}

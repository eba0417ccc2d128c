/** The part of the address behind which a new tab is this demo person. */
export function demoLink(username: string): string {
  return `#demo=${encodeURIComponent(username)}`
}

/** Such an address asks for a demo person, whoever the browser remembers. */
export function asksForDemo(hash: string): boolean {
  return hash.startsWith(demoLink(''))
}

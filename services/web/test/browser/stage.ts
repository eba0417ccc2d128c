import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { seriousFindings } from './axe.ts'
import { launchBrowsers } from './chromium.ts'
import { type CuttableProxy, cuttableProxy } from './cuttable-proxy.ts'
import { desktop, type Person, phone, register } from './person.ts'

/** A gateway as the one who started it knows it. */
export interface Node {
  port: number
  pid: number
}

/** Two people in front of a cluster's balancer, which gives each a node of their own, and who else comes by. */
export interface Stage {
  target: string
  nodes: readonly Node[]
  /** On a desktop in light colours. Her wire can be cut. */
  ann: Person
  /** On a phone in dark colours. */
  bob: Person
  wire: CuttableProxy
  /** Without a microphone. */
  mute: Browser
  /** How many people have a page open. */
  present: () => number
  /** A further person. */
  join: (name: string, options: BrowserContextOptions, where?: { browser?: Browser }) => Promise<Person>
  stranger: (options: BrowserContextOptions) => Promise<Page>
  shot: (page: Page, name: string) => Promise<void>
  /** Takes the picture of a main state, and has axe look at it. */
  look: (page: Page, name: string) => Promise<void>
  step: (what: string, work: () => Promise<void>) => Promise<void>
  /** What browsers complained of, and what axe finds serious. */
  complaints: () => string[]
  close: () => Promise<void>
}

export async function openStage(target: string, nodes: readonly Node[], shots: string): Promise<Stage> {
  mkdirSync(shots, { recursive: true })
  const { speaking, mute, close } = await launchBrowsers()
  const wire = await cuttableProxy(new URL(target))
  const run = Date.now().toString(36).slice(-4)
  const people: Person[] = []
  const findings: string[] = []

  async function arrive(browser: Browser, url: string, name: string, options: BrowserContextOptions) {
    const person = await register(browser, url, `${name} ${run}`, options)
    people.push(person)
    return person
  }

  async function picture(page: Page, name: string) {
    await page.screenshot({ path: join(shots, `${name}.png`) })
  }

  return {
    target,
    nodes,
    ann: await arrive(speaking, wire.url, 'Ann Archer', desktop),
    bob: await arrive(speaking, target, 'Bob Baker', phone),
    wire,
    mute,
    present: () => people.filter(({ page }) => !page.isClosed()).length,
    join: (name, options, { browser = speaking } = {}) => arrive(browser, target, name, options),
    stranger: async (options) => (await speaking.newContext(options)).newPage(),
    shot: picture,
    look: async (page, name) => {
      await picture(page, name)
      findings.push(...(await seriousFindings(page)).map((finding) => `${name}: ${finding}`))
    },
    step: async (what, work) => {
      const startedAt = Date.now()
      try {
        await work()
      } catch (error) {
        const pages = speaking.contexts().flatMap((context) => context.pages())
        await Promise.all(pages.map((page, index) => picture(page, `failed-${index}`)))
        console.error(`not ok  ${what}. Pictures of it: ${shots}/failed-*.png`)
        throw error
      }
      console.log(`ok  ${what} (${Date.now() - startedAt} ms)`)
    },
    complaints: () => [...people.flatMap((person) => person.complaints), ...findings],
    close: async () => {
      await close()
      wire.close()
    },
  }
}

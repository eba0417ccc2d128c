/**
 * Looks at the page as people do, in a real browser against a running cluster, and takes pictures (`make browser`):
 *   TARGET=http://127.0.0.1:3000 SHOTS=/tmp/shots node_modules/.bin/node services/web/test/browser.ts
 * TARGET: where the cluster answers. NODES: its gateways, `[{ "port": …, "pid": … }, …]`; one of them is killed. SHOTS: where
 * the pictures go. PROOFS: some of them, separated by commas, e.g. `talk,network`. CHROMIUM: the browser's path.
 */
import { strict as assert } from 'node:assert'
import { filesOffline } from './browser/proofs/files-offline.ts'
import { groups } from './browser/proofs/groups.ts'
import { installable } from './browser/proofs/installable.ts'
import { keyboard } from './browser/proofs/keyboard.ts'
import { leaving } from './browser/proofs/leaving.ts'
import { longHistory } from './browser/proofs/long-history.ts'
import { network } from './browser/proofs/network.ts'
import { newcomer } from './browser/proofs/newcomer.ts'
import { nodeLoss } from './browser/proofs/node-loss.ts'
import { notifications } from './browser/proofs/notifications.ts'
import { polling } from './browser/proofs/polling.ts'
import { recorder } from './browser/proofs/recorder.ts'
import { search } from './browser/proofs/search.ts'
import { talk } from './browser/proofs/talk.ts'
import { twoTabs } from './browser/proofs/two-tabs.ts'
import { voice } from './browser/proofs/voice.ts'
import { type Node, openStage } from './browser/stage.ts'

const {
  TARGET = 'http://127.0.0.1:3000',
  NODES = '[]',
  SHOTS = '/tmp/earshot-shots',
  PROOFS = '',
} = process.env

/** In this order: later ones go on with what earlier ones left. */
const proofs = {
  talk,
  notifications,
  voice,
  recorder,
  longHistory,
  search,
  network,
  twoTabs,
  filesOffline,
  groups,
  keyboard,
  installable,
  newcomer,
  polling,
  nodeLoss,
  leaving,
}
const chosen = PROOFS.split(',').filter((name) => name !== '')

const stage = await openStage(TARGET, JSON.parse(NODES) as Node[], SHOTS)
try {
  for (const [name, proof] of Object.entries(proofs)) {
    if (chosen.length === 0 || chosen.includes(name)) await proof(stage)
  }
  assert.deepEqual(stage.complaints(), [])
  console.log(`All well. Pictures in ${SHOTS}`)
} finally {
  await stage.close()
}

import { strict as assert } from 'node:assert'
import { nodeOfAnn } from '../nodes.ts'
import { log, write } from '../page-actions.ts'
import type { Stage } from '../stage.ts'

/** The node that holds one of the two is killed. The page knows one address, the balancer's, and goes on through it. */
export async function nodeLoss(stage: Stage): Promise<void> {
  const { ann, bob, nodes } = stage
  if (nodes.length === 0) {
    console.log('--  no node is killed: NODES does not say which there are')
    return
  }
  await stage.step('one loses their node and goes on with another', async () => {
    const node = await nodeOfAnn(stage)
    assert.ok(node)
    await write(ann, 'Before the blow')
    await log(bob.page).getByText('Before the blow').waitFor()
    process.kill(node.pid, 'SIGKILL')
    const words = ['One', 'Two', 'Three'].map((word) => `${word} after the blow`)
    for (const text of words) await write(ann, text)
    await write(bob, 'Still here?')
    await log(bob.page).getByText('Three after the blow').waitFor()
    await log(ann.page).getByText('Still here?').waitFor()
    assert.deepEqual(await log(bob.page).getByText('after the blow').allTextContents(), words)
    await ann.page.getByText('Sending…').waitFor({ state: 'detached' })
    await log(ann.page).getByTitle('Read', { exact: true }).last().waitFor()
  })
}

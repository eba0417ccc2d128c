/**
 * The main job on real input: three people, two nodes, a voice message. Prints what happens as a story and fails where
 * anything differs. TARGET names the cluster.
 */
import { CodedError } from '@earshot/protocol'
import { Person } from './person.ts'
import { decodedDuration, speak } from './speech.ts'
import { story, Twist } from './story.ts'

const target = process.env.TARGET ?? 'http://127.0.0.1:3000'
const people: Person[] = []

async function tour(): Promise<void> {
  story.chapter('Three people join')
  const ann = await join('Ann')
  const ben = await join('Ben', ann.node)
  const cleo = await join('Cleo')
  for (const person of [ann, ben]) for (const friend of [ann, ben]) person.friends.add(friend.userId)
  story.check(`Ann is on node ${ann.node}, Ben on node ${ben.node}`, ann.node !== ben.node)
  await ann.hears('user_status_changed', ({ userId, isOnline }) => userId === ben.userId && isOnline)
  story.check('Ann sees Ben come online', true)

  story.chapter('They write')
  await text(ann, ben, 'Hello Ben, is this thing on?', 1)
  await text(ben, ann, 'Loud and clear.', 2)

  story.chapter('A group of two')
  const group = await ann.client.http.createGroup({ name: 'Hallway', members: [ben.userId] })
  await ben.hears('group_created', ({ _id }) => _id === group._id)
  await ben.client.sync({ [group.conversationId]: 0 })
  const said = 'Lunch at noon?'
  await ann.client.sendGroupMessage({ groupId: group._id, messageType: 'text', content: said })
  const inGroup = await ben.hears('new_group_message', ({ groupId }) => groupId === group._id)
  story.check(`Ben reads in "${group.name}": ${inGroup.content}`, inGroup.content === said)

  await voice(ann, ben)

  story.chapter('Cleo is not concerned')
  // Sent after all the rest: when it has arrived, nothing that was sent before can still be on its way.
  await ann.client.sendMessage({ recipientId: cleo.userId, content: 'And how are you?' })
  await cleo.hears('new_message')
  const names = cleo.messages.map(({ event }) => event).join(', ')
  story.check(
    'Cleo heard the one message that is hers, and nothing else',
    cleo.messages.length === 1,
    `heard ${names}`,
  )

  story.chapter('Ben leaves')
  // He may have come and gone before, on his way to another node.
  const known = ann.latestVersion(ben.userId)
  const leftAt = Date.now()
  ben.client.close()
  const gone = await ann.hears(
    'user_status_changed',
    ({ userId, isOnline, version }) => userId === ben.userId && !isOnline && version > known,
  )
  const lastSeen = await ann.client.http.lastSeen(ben.userId)
  const seenAt = Date.parse(lastSeen.lastSeen ?? '')
  story.tell(`Ben was last seen at ${lastSeen.lastSeen}`)
  story.check('the event and HTTP agree', lastSeen.lastSeen === gone.lastSeen && !lastSeen.isOnline)
  story.check(
    'it is the moment when he left',
    Math.abs(seenAt - leftAt) < 5_000,
    `off by ${seenAt - leftAt} ms`,
  )
}

async function voice(from: Person, to: Person): Promise<void> {
  story.chapter('A voice message')
  const speech = await speak(
    'Good morning! This is a real voice message. Please play it back to me, word by word.',
  )
  const kilobytes = (speech.bytes.length / 1000).toFixed(1)
  story.tell(
    `${from.name} records ${speech.duration.toFixed(1)} s of speech, ${kilobytes} kB of ${speech.mimeType}`,
  )
  const url = `data:${speech.mimeType};base64,${speech.bytes.toString('base64')}`
  const ack = await from.client.sendVoiceMessage({
    senderId: from.userId,
    senderName: from.name,
    recipientId: to.userId,
    voiceMessage: { url, duration: speech.duration, mimeType: speech.mimeType, size: speech.bytes.length },
  })
  const heard = await to.hears('new_voice_message', ({ _id }) => _id === ack._id)
  const early = Buffer.from(heard.voiceMessage?.url.split(',')[1] ?? '', 'base64')
  story.check(`${to.name} can play it at once`, early.equals(speech.bytes))
  const { voiceMessage } = await to.hears('voice_message_stored', ({ messageId }) => messageId === ack._id)
  story.check(`the worker stored it: ${voiceMessage.url}`, voiceMessage.url.startsWith('/media/'))
  const stored = Buffer.from(await (await to.client.http.media(voiceMessage.url)).arrayBuffer())
  story.check(`${to.name} fetches it: the same ${stored.length} bytes`, stored.equals(speech.bytes))
  const played = await decodedDuration(stored)
  const differs = Math.abs(played - speech.duration)
  story.check(`it decodes, and lasts ${played.toFixed(1)} s`, differs < 0.2, `differs by ${differs} s`)
}

async function text(from: Person, to: Person, content: string, seq: number): Promise<void> {
  const ack = await from.client.sendMessage({ recipientId: to.userId, content })
  const message = await to.hears('new_message', ({ _id }) => _id === ack._id)
  story.check(
    `${from.name} → ${to.name}: ${content} (number ${message.seq})`,
    message.content === content && message.seq === seq && message.sender._id === from.userId,
  )
}

async function join(name: string, awayFrom?: string): Promise<Person> {
  const person = await Person.join(target, name, awayFrom)
  people.push(person)
  story.tell(`${name} is connected`)
  return person
}

try {
  await tour()
  story.chapter('All as it should be.')
} catch (error) {
  if (error instanceof Twist || error instanceof CodedError) console.error(`\n  ✗ ${error.message}`)
  else console.error(error)
  process.exitCode = 1
} finally {
  for (const person of people) person.client.close()
}

import { Button, Group, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'
import { canPush, subscribe } from './push.ts'
import classes from './push-offer.module.css'

const refusedKey = 'earshot.push-refused'

/**
 * Asks whether to be told of messages while the page is closed. Who is asked has just written to somebody, so an answer
 * is to be expected; the browser's own question comes only after a yes.
 */
export default function PushOffer() {
  const { client, session } = useServices()
  const [offered, setOffered] = useState(false)
  const [problem, setProblem] = useState<string>()

  useEffect(() => {
    if (!canPush() || localStorage.getItem(refusedKey) !== null) return
    if (Notification.permission === 'granted') {
      subscribe(client.http, session.userId).catch(notTold)
    } else if (Notification.permission === 'default') {
      // Where the operator has set up none there is nothing to offer.
      client.http.pushKey().then(() => setOffered(true), notTold)
    }
  }, [client, session.userId])

  async function accept() {
    try {
      if ((await Notification.requestPermission()) === 'granted') await subscribe(client.http, session.userId)
      setOffered(false)
    } catch (error) {
      const isBrowser = error instanceof DOMException
      setProblem(isBrowser ? 'This browser cannot be reached while the page is closed.' : errorText(error))
    }
  }

  function refuse() {
    localStorage.setItem(refusedKey, 'yes')
    setOffered(false)
  }

  if (!offered) return null
  return (
    <section className={classes.offer} aria-label="Notifications">
      <Text size="sm" role={problem === undefined ? undefined : 'alert'}>
        {problem ?? 'Shall we tell you when somebody writes while Earshot is closed?'}
      </Text>
      <Group gap="xs">
        {problem === undefined && (
          <Button size="xs" onClick={accept}>
            Yes, tell me
          </Button>
        )}
        <Button size="xs" variant="default" onClick={refuse}>
          {problem === undefined ? 'No' : 'Close'}
        </Button>
      </Group>
    </section>
  )
}

function notTold(error: unknown): void {
  console.debug('Earshot: no notifications in this browser.', error)
}

import { Button, Center, Stack, Text, Title } from '@mantine/core'
import { Component, type ReactNode } from 'react'

/** In place of a blank page: something broke, or a part of the page could not be loaded. */
export class ErrorPage extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  override componentDidCatch(error: unknown) {
    console.error(error)
  }

  override render() {
    if (!this.state.failed) return this.props.children
    return (
      <Center component="main" mih="100dvh" p="md">
        <Stack align="flex-start" role="alert">
          <Title order={1} size="h3">
            This page has stopped working
          </Title>
          <Text>What you wrote is kept. Load the page again to go on.</Text>
          <Button onClick={() => window.location.reload()}>Load again</Button>
        </Stack>
      </Center>
    )
  }
}

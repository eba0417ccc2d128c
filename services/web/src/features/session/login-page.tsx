import '@mantine/core/styles/PasswordInput.css'
import '@mantine/core/styles/Checkbox.css'
import {
  Alert,
  Anchor,
  Button,
  Center,
  Checkbox,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { type FormEvent, useCallback, useState } from 'react'
import { DemoPeople } from './demo-people.tsx'
import classes from './login-page.module.css'
import { type LoginMode, useLogin, usernameRule } from './use-login.ts'
import type { UserSession } from './user-session.ts'

interface LoginPageProps {
  notice: string | undefined
  onLogIn: (session: UserSession, remember: boolean) => void
}

const words = {
  login: { submit: 'Log in', other: 'New here? Create an account', next: 'register' },
  register: { submit: 'Create account', other: 'You have an account? Log in', next: 'login' },
} as const satisfies Record<LoginMode, { submit: string; other: string; next: LoginMode }>

export default function LoginPage({ notice, onLogIn }: LoginPageProps) {
  const [mode, setMode] = useState<LoginMode>('login')
  const { busy, error, submit, beDemo, clearError } = useLogin(mode, onLogIn)
  const errorOf = (field: string) => (error?.field === field ? error.text : undefined)
  const isNew = mode === 'register'

  // biome-ignore lint/correctness/useExhaustiveDependencies: it does the same at every time.
  const pick = useCallback((username: string) => void beDemo(username), [])

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '')
    void submit({
      username: text('username'),
      password: text('password'),
      name: text('name'),
      remember: form.has('remember'),
    })
  }

  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper withBorder p="xl" w="100%" maw={400} className={classes.login}>
        <form onSubmit={onSubmit}>
          <Stack gap="md">
            <Group gap="md" wrap="nowrap">
              <img src="/favicon.svg" alt="" width={48} height={48} />
              <div>
                <Title order={1} size="h2">
                  Earshot
                </Title>
                <Text c="dimmed">Chat, talk, and see who is around.</Text>
              </div>
            </Group>
            {notice && !error && <Alert role="status">{notice}</Alert>}
            {error && !['username', 'password', 'name'].includes(error.field ?? '') && (
              <Alert color="red" role="alert">
                {error.text}
              </Alert>
            )}
            <TextInput
              label="Username"
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              minLength={2}
              maxLength={64}
              required
              description={isNew ? usernameRule : undefined}
              error={errorOf('username')}
            />
            {isNew && (
              <TextInput
                label="Your name"
                description="What other people see. Your username if you leave it empty."
                name="name"
                autoComplete="name"
                maxLength={100}
                error={errorOf('name')}
              />
            )}
            <PasswordInput
              label="Password"
              description={isNew ? 'At least 8 characters.' : undefined}
              name="password"
              autoComplete={isNew ? 'new-password' : 'current-password'}
              minLength={isNew ? 8 : 1}
              maxLength={256}
              required
              error={errorOf('password')}
            />
            <Checkbox name="remember" label="Stay logged in on this device" defaultChecked />
            <Button type="submit" loading={busy}>
              {words[mode].submit}
            </Button>
            <Anchor
              component="button"
              type="button"
              size="sm"
              disabled={busy}
              onClick={() => {
                clearError()
                setMode(words[mode].next)
              }}
            >
              {words[mode].other}
            </Anchor>
          </Stack>
        </form>
        <DemoPeople busy={busy} onPick={pick} />
      </Paper>
    </Center>
  )
}

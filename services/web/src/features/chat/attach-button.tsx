import { ActionIcon } from '@mantine/core'
import { useRef } from 'react'
import { AttachIcon } from '../../app/icons.tsx'

export function AttachButton({ onFiles }: { onFiles: (files: Iterable<File>) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles(event.currentTarget.files ?? [])
          event.currentTarget.value = ''
        }}
      />
      <ActionIcon
        variant="default"
        size={42}
        radius="xl"
        aria-label="Attach a file"
        title="Attach a file"
        onClick={() => input.current?.click()}
      >
        <AttachIcon />
      </ActionIcon>
    </>
  )
}

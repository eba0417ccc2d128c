import type { FileOutput, Message } from '@earshot/protocol'
import { ActionIcon, Text, UnstyledButton } from '@mantine/core'
import { lazy, Suspense, useEffect, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { DownloadIcon } from '../../app/icons.tsx'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'
import { download } from './download.ts'
import { sizeText } from './message-text.ts'

const ImageViewer = lazy(() => import('./image-viewer.tsx'))
const VoicePlayer = lazy(() => import('../voice/voice-player.tsx'))

export function MessageContent({ message }: { message: Message }) {
  if (message.deletedAt !== undefined) {
    return <p className={classes.text} data-deleted>{`Message deleted`}</p>
  }
  if (message.messageType === 'voice' && message.voiceMessage) {
    return (
      <Suspense fallback={<div className={classes.voicePlace} />}>
        <VoicePlayer message={message} voice={message.voiceMessage} />
      </Suspense>
    )
  }
  if (message.file) {
    return (
      <>
        <FileContent file={message.file} />
        {message.content && <p className={classes.text}>{message.content}</p>}
      </>
    )
  }
  return <p className={classes.text}>{message.content}</p>
}

function FileContent({ file }: { file: FileOutput }) {
  const isImage = file.mimeType.startsWith('image/') && file.url.startsWith('/media/')
  return isImage ? <ImageContent file={file} /> : <FileLine file={file} />
}

/** Its place is kept by width and height, so that nothing jumps when it comes. */
function ImageContent({ file }: { file: FileOutput }) {
  const { client } = useServices()
  const [source, setSource] = useState<string>()
  const [failed, setFailed] = useState(false)
  const [open, setOpen] = useState(false)
  useEffect(() => {
    let made: string | undefined
    let current = true
    client.http.media(file.url).then(
      (blob) => {
        if (!current) return
        made = URL.createObjectURL(blob)
        setSource(made)
      },
      () => current && setFailed(true),
    )
    return () => {
      current = false
      if (made) URL.revokeObjectURL(made)
    }
  }, [client, file.url])
  if (failed) return <FileLine file={file} />
  const { width = 4, height = 3 } = file
  return (
    <span
      className={classes.image}
      style={{ aspectRatio: `${width} / ${height}`, maxWidth: Math.min(width, 360) }}
    >
      {source && (
        <UnstyledButton className={classes.imageButton} aria-haspopup="dialog" onClick={() => setOpen(true)}>
          <img src={source} alt={file.name} />
        </UnstyledButton>
      )}
      {source && open && (
        <Suspense fallback={null}>
          <ImageViewer file={file} source={source} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </span>
  )
}

function FileLine({ file }: { file: FileOutput }) {
  const { client } = useServices()
  const [error, setError] = useState<string>()

  async function save() {
    try {
      setError(undefined)
      await download(file.url, file.name, client.http)
    } catch (failure) {
      setError(errorText(failure))
    }
  }

  return (
    <div className={classes.file}>
      <div className={classes.fileWords}>
        <Text truncate>{file.name}</Text>
        <Text size="xs" className={classes.detail}>
          {sizeText(file.size)}
        </Text>
        {error && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {error}
          </Text>
        )}
      </div>
      {file.url !== '' && (
        <ActionIcon
          variant="default"
          radius="xl"
          size="lg"
          aria-label={`Download ${file.name}`}
          onClick={save}
        >
          <DownloadIcon size={18} />
        </ActionIcon>
      )}
    </div>
  )
}

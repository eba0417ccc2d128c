import '../groups/dialog-styles.ts'
import type { FileOutput } from '@earshot/protocol'
import { Button, Modal, Stack } from '@mantine/core'
import { useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'
import classes from './chat.module.css'
import { download } from './download.ts'

interface ImageViewerProps {
  file: FileOutput
  source: string
  onClose: () => void
}

/** A picture as large as the window lets it be, and to keep. */
export default function ImageViewer({ file, source, onClose }: ImageViewerProps) {
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
    <Modal
      opened
      onClose={onClose}
      title={file.name}
      size="auto"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack align="center" gap="sm">
        <img className={classes.largeImage} src={source} alt={file.name} />
        {error && <span role="alert">{error}</span>}
        <Button variant="default" onClick={save}>
          Download
        </Button>
      </Stack>
    </Modal>
  )
}

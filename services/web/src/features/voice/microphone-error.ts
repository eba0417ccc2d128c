/** Why recording cannot start on this page at all; `undefined` if it can. */
export function missingSupport(): string | undefined {
  if (!window.isSecureContext) {
    return 'The browser allows recording on secure pages only. Open Earshot by https, or on localhost.'
  }
  if (!navigator.mediaDevices || typeof MediaRecorder === 'undefined') {
    return 'This browser cannot record sound. A current Firefox, Chrome, Edge or Safari can.'
  }
  return undefined
}

const words: Record<string, string> = {
  NotAllowedError:
    'The microphone is blocked for this page. Allow it at the left end of the address bar, then try again.',
  NotFoundError: 'No microphone was found. Connect one, then try again.',
  NotReadableError:
    'The microphone cannot be used. Another program may be using it: close that, then try again.',
}

export function microphoneErrorText(error: unknown): string {
  if (error instanceof DOMException && words[error.name]) return words[error.name] as string
  console.error(error)
  return 'Recording did not work. Try again; if it keeps failing, load the page again.'
}

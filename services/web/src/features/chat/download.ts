import type { HttpApi } from '@earshot/client'

/** Has the browser save what is behind the address, under this name unless the server says another. */
export async function download(url: string, name: string, http: HttpApi): Promise<void> {
  const link = document.createElement('a')
  link.href = url.startsWith('/media/') ? `${(await http.signMedia(url)).url}&download` : url
  link.download = name
  link.rel = 'noopener'
  link.click()
}

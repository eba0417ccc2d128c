const colours = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'

const style = (open: number, close: number) => (text: string) =>
  colours ? `\x1b[${open}m${text}\x1b[${close}m` : text

export const bold = style(1, 22)
export const dim = style(2, 22)
export const red = style(31, 39)
export const green = style(32, 39)
export const yellow = style(33, 39)
export const blue = style(34, 39)
export const magenta = style(35, 39)
export const cyan = style(36, 39)

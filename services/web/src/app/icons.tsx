import type { ReactNode } from 'react'

interface IconProps {
  size?: number
}

function Outline({ size = 20, children }: IconProps & { children: ReactNode }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  )
}

export const BackIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M15 6l-6 6 6 6" />
  </Outline>
)
export const DownIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M6 9l6 6 6-6" />
  </Outline>
)
export const SendIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M5 12l-1-8 17 8-17 8 1-8zm0 0h8" />
  </Outline>
)
export const SearchIcon = (props: IconProps) => (
  <Outline {...props}>
    <circle cx="11" cy="11" r="6" />
    <path d="M20 20l-4.5-4.5" />
  </Outline>
)
export const MicrophoneIcon = (props: IconProps) => (
  <Outline {...props}>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M6 11a6 6 0 0 0 12 0M12 17v4" />
  </Outline>
)
export const PlayIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M8 5v14l11-7z" fill="currentColor" />
  </Outline>
)
export const PauseIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M8 5v14M16 5v14" strokeWidth={3} />
  </Outline>
)
export const AttachIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M20 11l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.4 3.4 0 0 1 4.8 4.8L9.8 16.8a1.7 1.7 0 0 1-2.4-2.4L15 6.8" />
  </Outline>
)
export const MoreIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M5 12h.01M12 12h.01M19 12h.01" strokeWidth={3} />
  </Outline>
)
export const CloseIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M6 6l12 12M18 6L6 18" />
  </Outline>
)
export const DownloadIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M12 4v11M7 11l5 5 5-5M5 20h14" />
  </Outline>
)
export const SentIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M5 13l4 4L19 7" />
  </Outline>
)
export const DeliveredIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M2 13l4 4L16 7M11 16l1 1L22 7" />
  </Outline>
)
export const GroupIcon = (props: IconProps) => (
  <Outline {...props}>
    <circle cx="9" cy="8" r="3.5" />
    <path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8" />
  </Outline>
)
export const LogOutIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M14 4H6v16h8M10 12h11M18 9l3 3-3 3" />
  </Outline>
)
export const DeleteIcon = (props: IconProps) => (
  <Outline {...props}>
    <path d="M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3" />
  </Outline>
)

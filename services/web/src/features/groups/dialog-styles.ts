/** Mantine's styles of what only the groups' dialogs use; they come with them. */
import '@mantine/core/styles/ScrollArea.css'
import '@mantine/core/styles/ModalBase.css'
import '@mantine/core/styles/Modal.css'
import '@mantine/core/styles/Pill.css'
import '@mantine/core/styles/Checkbox.css'
import '@mantine/core/styles/Popover.css'
import '@mantine/core/styles/Menu.css'

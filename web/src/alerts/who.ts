/** The name that a reader signs with; kept by the browser, hopscope has no accounts. */
import { store, stored } from '../shell/storage.ts'

export const myName = (): string => stored('alerts.by') ?? ''
export const rememberName = (name: string): void => store('alerts.by', name.trim())

import { Router } from 'express'
import { readFileSync } from 'node:fs'
import { Accuracy } from './contract-accuracy.ts'

/** What `npm run accuracy -- --write` measured for this version. @throws when the file is not what the contract says. */
export const readAccuracy = (): Accuracy =>
  Accuracy.parse(JSON.parse(readFileSync(new URL('./accuracy.json', import.meta.url), 'utf8')))

/** `/accuracy`. */
export function accuracyRouter(): Router {
  const router = Router()
  const accuracy = readAccuracy()
  router.get('/', (_request, response) => {
    response.json(accuracy)
  })
  return router
}

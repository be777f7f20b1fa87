import { svelte } from '@sveltejs/vite-plugin-svelte'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))

/** `HOPSCOPE_URL` names another server than the one of `npm start`. */
const api = process.env['HOPSCOPE_URL'] ?? 'http://127.0.0.1:7070'

export default defineConfig({
  root: here,
  base: '/',
  plugins: [svelte({ configFile: `${here}svelte.config.js` })],
  server: { host: '127.0.0.1', proxy: { '/api': api } },
  preview: { host: '127.0.0.1', proxy: { '/api': api } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // For scripts/bundle.mjs.
    manifest: true,
    target: 'es2023',
    // Fonts stay files: the page's policy allows no font from a data address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})

import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

/** Read by vite, svelte-check and eslint alike. */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
}

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { firstLoadBudget } from './build/first-load-budget.ts'
import { serviceWorker } from './build/service-worker.ts'

const gateway = 'http://127.0.0.1:3000'
const httpPaths = ['/user', '/chat', '/group', '/media', '/limits']

export default defineConfig({
  plugins: [react(), firstLoadBudget(150_000), serviceWorker()],
  // A development tool at the root brings a React of its own; the page must have one.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    outDir: 'dist',
    rolldownOptions: {
      treeshake: {
        // The schemas of the protocol package build objects and do nothing else: what the page does not use can go.
        moduleSideEffects: [{ test: /services\/protocol\/|\/typebox\//, sideEffects: false }],
      },
    },
  },
  server: {
    proxy: {
      ...Object.fromEntries(httpPaths.map((path) => [path, gateway])),
      '/socket.io': { target: gateway, ws: true },
    },
  },
})

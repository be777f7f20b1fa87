# Builds hopscope and leaves the build tools behind. One image for all roles; HOPSCOPE_ROLES chooses.
FROM node:22-bookworm-slim AS build
WORKDIR /hopscope
COPY . .
# npm ci refuses a lock file that lacks the other platforms' builds of an optional package.
RUN npm install --no-audit --no-fund && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOPSCOPE_HOST=0.0.0.0 HOPSCOPE_DATA_DIR=/data
WORKDIR /hopscope
COPY --from=build /hopscope/package.json ./
COPY --from=build /hopscope/node_modules ./node_modules
COPY --from=build /hopscope/web/dist ./web/dist
COPY --from=build /hopscope/dist ./dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 7070 4317 4318 9411
CMD ["node", "dist/process/main.js"]

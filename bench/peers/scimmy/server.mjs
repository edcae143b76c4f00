// A peer that bench compares the daemon with: SCIMMY and its routers behind
// express, as their READMEs show them, with handlers that keep everything in
// maps and find userName and displayName by an index. It listens on a free port
// of loopback, prints a ready line, and ends with SIGTERM.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

// A Store keeps the resources of one type.
class Store {
  #resources = new Map(); // by id
  #ids = new Map(); // of those with the same key, folded
  #last = 0;

  // The key is the attribute with an index; if it is unique, no two resources
  // may have the same.
  constructor(key, unique) {
    this.key = key;
    this.unique = unique;
  }

  write(id, data) {
    const old = id && this.read(id);
    const key = data[this.key]?.toLowerCase();
    if (this.unique && [...(this.#ids.get(key) ?? [])].some((other) => other !== id)) {
      throw new SCIMMY.Types.Error(409, "uniqueness", `${this.key} is in use`);
    }
    const now = new Date();
    id ??= String(++this.#last);
    const stored = { ...data, id, meta: { created: old?.meta.created ?? now, lastModified: now } };
    if (old) this.#unindex(old);
    if (!this.#ids.has(key)) this.#ids.set(key, new Set());
    this.#ids.get(key).add(id);
    this.#resources.set(id, stored);
    return stored;
  }

  read(id) {
    const found = this.#resources.get(id);
    if (!found) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    return found;
  }

  // find returns what the filter matches, out of the index if the filter asks for
  // one key.
  find(filter) {
    const [only] = filter?.length === 1 ? Object.entries(filter[0]) : [];
    if (only?.[0] === this.key && only[1][0] === "eq") {
      return [...(this.#ids.get(String(only[1][1]).toLowerCase()) ?? [])].map((id) => this.#resources.get(id));
    }
    const all = [...this.#resources.values()];
    return filter ? filter.match(all) : all;
  }

  remove(id) {
    this.#unindex(this.read(id));
    this.#resources.delete(id);
  }

  #unindex(resource) {
    const key = resource[this.key]?.toLowerCase();
    this.#ids.get(key).delete(resource.id);
    if (this.#ids.get(key).size === 0) this.#ids.delete(key);
  }
}

function declare(type, store) {
  return SCIMMY.Resources.declare(type)
    .ingress((resource, data) => store.write(resource.id, data))
    .egress((resource) => (resource.id ? store.read(resource.id) : store.find(resource.filter)))
    .degress((resource) => store.remove(resource.id));
}

declare(SCIMMY.Resources.User, new Store("userName", true)).extend(SCIMMY.Schemas.EnterpriseUser, false);
declare(SCIMMY.Resources.Group, new Store("displayName", false));

// Entra ID sends active as a string, which SCIMMY refuses.
function booleans(request, _response, next) {
  for (const op of request.body?.Operations ?? []) {
    if (op.path === "active" && typeof op.value === "string") op.value = op.value.toLowerCase() === "true";
  }
  next();
}

const app = express();
app.use("/scim", express.json({ type: "application/scim+json", limit: "10mb" }), booleans);
app.use("/scim", new SCIMMYRouters({ type: "bearer", handler: () => "bench" }));

const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
const server = createServer(app).listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({
    message: "ready",
    url: `http://127.0.0.1:${server.address().port}/scim`,
    name: "scimmy-routers",
    version: `${version("scimmy-routers")} (scimmy ${version("scimmy")}, express ${version("express")})`,
    runtime: `node ${process.version}`,
    storage: "memory",
  }));
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});

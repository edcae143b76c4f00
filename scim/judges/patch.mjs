// PATCH by scim-patch. Each reason puts one operation, or the filter of its
// path, right for it.
import { createRequire } from 'node:module';
import { matches } from './filter.mjs';

const require = createRequire(import.meta.url);
const parser = require('scim2-parse-filter');
const { scimPatch } = require('scim-patch');

export const patchReasons = ['no path', 'required', 'unassigned', 'no target', 'tolerated', 'same element', 'primary', 'elements twice'];

export function judgePatch(c, on) {
  // The judge looks its own filters up here.
  parser.filter = (ast) => (element) => matches(ast, element, on);
  const doc = structuredClone(c.resource);
  const strict = c.dialect === 'strict';
  try {
    for (const sent of structuredClone(c.operations)) {
      for (const op of on.has('no path') ? apart(sent) : [sent]) {
        if (on.has('elements twice') && Array.isArray(op.value)) op.value = distinct(op.value);
        const before = structuredClone(doc);
        apply(doc, op, strict, on);
        if (on.has('primary')) demote(doc, before);
      }
    }
  } catch {
    return c.refused !== undefined;
  }
  for (const name of Object.keys(doc)) {
    if (on.has('elements twice') && Array.isArray(doc[name])) doc[name] = distinct(doc[name]);
  }
  return c.refused === undefined && text(doc) === text(c.result);
}

// apart is an operation for each attribute that one without a path names.
function apart(op) {
  if (op.path) return [op];
  const out = [];
  for (const [name, value] of Object.entries(op.value)) {
    if (!name.startsWith('urn:')) out.push({ op: op.op, path: name, value });
    else for (const [sub, v] of Object.entries(value)) out.push({ op: op.op, path: `${name}:${sub}`, value: v });
  }
  return out;
}

// apply lets the judge apply op, or does what the reasons that are on say.
function apply(doc, op, strict, on) {
  const clears = op.op === 'remove' || op.value === null;
  if (on.has('required') && op.path === 'userName' && clears) throw new Error('userName is required');
  const [, name, filter, sub] = op.path?.match(/^(\w+)\[(.*)\](?:\.(\w+))?$/) ?? [];
  if (filter && !(doc[name] ?? []).some((e) => matches(parser.parse(filter), e, on))) {
    if (strict && on.has('no target')) throw new Error('no target');
    if (!strict && on.has('tolerated')) {
      if (op.op === 'remove') return;
      const element = described(parser.parse(filter));
      if (!element) throw new Error('no target');
      const made = { ...element, ...(sub ? { [sub]: op.value } : op.value) };
      if (text(made) === text(element) || op.value === null) return;
      op = { op: 'add', path: name, value: [made] };
    }
  }
  if (on.has('unassigned') && op.value === null) op = { op: 'remove', path: op.path };
  if (on.has('same element') && op.op === 'add' && Array.isArray(op.value)) {
    join(doc, op);
    return;
  }
  scimPatch(doc, [op], { mutateDocument: true, treatMissingAsAdd: !strict });
}

// described is the element that a filter describes: equalities joined by and.
function described(f) {
  if (f.op === 'eq') return { [f.attrPath]: f.compValue };
  if (f.op !== 'and' || f.filters.some((x) => x.op !== 'eq')) return undefined;
  const out = Object.assign({}, ...f.filters.map(described));
  return Object.keys(out).length === f.filters.length ? out : undefined;
}

// join adds elements, and completes those that are there already.
function join(doc, { path, value }) {
  const colon = path.lastIndexOf(':');
  const holder = colon < 0 ? doc : (doc[path.slice(0, colon)] ??= {});
  const list = (holder[path.slice(colon + 1)] ??= []);
  for (const e of value) {
    const i = list.findIndex((have) => same(have, e));
    if (i < 0) list.push(structuredClone(e));
    else if (typeof e === 'object') Object.assign(list[i], e);
  }
}

function same(a, b) {
  if (typeof a === 'string') return fold(a) === fold(b);
  if (a.value === undefined || b.value === undefined) return text(a) === text(b);
  return fold(a.value) === fold(b.value) && (!a.type || !b.type || fold(a.type) === fold(b.type));
}

function fold(value) {
  return value?.toLowerCase();
}

function distinct(list) {
  return list.filter((e, i) => list.findIndex((x) => text(x) === text(e)) === i);
}

// demote leaves primary to the element that became it last.
function demote(doc, before) {
  for (const [name, list] of Object.entries(doc)) {
    if (!Array.isArray(list)) continue;
    const chosen = list.findLastIndex((e, i) => e.primary && !before[name]?.[i]?.primary);
    if (chosen < 0 || list.filter((e) => e.primary).length < 2) continue;
    list.forEach((e, i) => {
      if (i !== chosen && e.primary) e.primary = false;
    });
  }
}

// text is JSON without what is unassigned, in one order of names.
function text(v) {
  return JSON.stringify(assigned(v));
}

function assigned(v) {
  if (Array.isArray(v)) {
    const list = v.map(assigned).filter((x) => x !== undefined);
    return list.length === 0 ? undefined : list;
  }
  if (v === null || typeof v !== 'object') return v ?? undefined;
  const pairs = Object.entries(v).map(([k, x]) => [k, assigned(x)]).filter(([, x]) => x !== undefined);
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

// Filters by scim2-parse-filter and by scimmy. Each reason rewrites a filter
// and the resource it is asked of, so that the judge cannot go wrong there.
import { createRequire } from 'node:module';
import SCIMMY from 'scimmy';

const { parse, stringify, Tester } = createRequire(import.meta.url)('scim2-parse-filter');

export const filterReasons = ['null', 'value', 'simple values', 'letter case', 'instants'];
export const parseFilterReasons = ['one element', 'absent'];
export const scimmyReasons = ['absent', 'logic', 'escapes', 'present lists'];

const exact = new Set(['id', 'externalId']);
const complex = ['emails', 'phoneNumbers', 'ims'];
const teams = 'urn:ietf:params:scim:schemas:extension:rosterd:2.0:User:teams';

export function judgeByParseFilter(c, on) {
  return matches(parse(c.filter), c.resource, on) === c.result;
}

// matches asks scim2-parse-filter, with the reasons that are on put right.
export function matches(ast, resource, on) {
  return new Corrected(on).test(amendResource(resource, on), amend(ast, on));
}

class Corrected extends Tester {
  constructor(on) {
    super();
    this.on = on;
  }

  test(r, f) {
    if (f.op === '[]' && this.on.has('one element')) return (r[f.attrPath] ?? []).some((e) => this.test(e, f.valFilter));
    if (f.op === 'ne' && this.on.has('absent') && this.lacks(this.attrPath(f.attrPath), r)) return true;
    return super.test(r, f);
  }

  // lacks reports whether r, or one of several, has nothing at path.
  lacks([name, ...rest], r) {
    if (Array.isArray(r)) return r.some((e) => this.lacks([name, ...rest], e));
    return r?.[name] === undefined || (rest.length > 0 && this.lacks(rest, r[name]));
  }
}

export function judgeByScimmy(c, on) {
  const resource = flat(amendResource(c.resource, on));
  const ask = (text, r) => new SCIMMY.Types.Filter(text).match([on.has('absent') ? filled(r, text) : r]).length > 0;
  try {
    if (!on.has('logic')) {
      const changed = [...scimmyReasons, ...filterReasons].some((r) => on.has(r));
      return ask(changed ? stringify(amend(parse(c.filter), on)) : c.filter, resource) === c.result;
    }
    return byParts(amend(parse(c.filter), on), resource, ask) === c.result;
  } catch {
    return false;
  }
}

// byParts asks of each comparison by itself.
function byParts(ast, resource, ask) {
  switch (ast.op) {
    case 'and':
      return ast.filters.every((f) => byParts(f, resource, ask));
    case 'or':
      return ast.filters.some((f) => byParts(f, resource, ask));
    case 'not':
      return !byParts(ast.filter, resource, ask);
    case '[]':
      return (resource[ast.attrPath] ?? []).some((e) => byParts(ast.valFilter, e, ask));
  }
  return ask(stringify(ast), resource);
}

// flat puts the attributes of extensions where scimmy looks for them.
function flat(resource) {
  const out = {};
  for (const [name, value] of Object.entries(resource)) {
    if (!name.startsWith('urn:')) out[name] = value;
    else for (const [sub, v] of Object.entries(value)) out[`${name}:${sub}`] = v;
  }
  return out;
}

// filled has an empty value for what text asks the parts of.
function filled(resource, text) {
  const out = { ...resource };
  for (const name of [...complex, teams]) out[name] ??= text.includes(`${name}.`) ? [{}] : [];
  if (text.includes('name.')) out.name ??= {};
  return out;
}

// amend rewrites a filter.
function amend(f, on) {
  switch (f.op) {
    case 'and':
    case 'or':
      return { ...f, filters: f.filters.map((x) => amend(x, on)) };
    case 'not':
      return { ...f, filter: amend(f.filter, on) };
    case '[]':
      return { ...f, valFilter: amend(f.valFilter, on) };
  }
  const not = (filter) => ({ op: 'not', filter });
  if (on.has('value') && complex.includes(f.attrPath) && f.op !== 'pr') f = { ...f, attrPath: `${f.attrPath}.value` };
  if (on.has('present lists') && [...complex, teams].includes(f.attrPath) && f.op === 'pr') f = { ...f, attrPath: `${f.attrPath}.value` };
  if (on.has('escapes') && typeof f.compValue === 'string') f = { ...f, compValue: f.compValue.replaceAll('"', "'") };
  if (on.has('simple values') && f.attrPath === teams) f = { ...f, attrPath: `${f.attrPath}.value` };
  if (f.compValue === null && on.has('null')) {
    const pr = { op: 'pr', attrPath: f.attrPath };
    return f.op === 'eq' ? not(pr) : pr;
  }
  if (on.has('letter case') && typeof f.compValue === 'string' && !exact.has(f.attrPath)) f = { ...f, compValue: f.compValue.toLowerCase() };
  if (on.has('instants') && f.attrPath.startsWith('meta.')) f = { ...f, compValue: instant(f.compValue) };
  return f;
}

function instant(text) {
  return new Date(text).toISOString();
}

function amendResource(resource, on) {
  const out = {};
  for (const [name, value] of Object.entries(resource)) {
    if (name === 'meta' && on.has('instants')) out[name] = { created: instant(value.created), lastModified: instant(value.lastModified) };
    else if (name === 'meta' || exact.has(name)) out[name] = value;
    else out[name] = on.has('letter case') ? texts(value, (text) => text.toLowerCase()) : value;
    if (on.has('escapes')) out[name] = texts(out[name], (text) => text.replaceAll('"', "'"));
  }
  const urn = teams.slice(0, -':teams'.length);
  if (on.has('simple values') && out[urn]?.teams) out[urn] = { ...out[urn], teams: out[urn].teams.map((value) => ({ value })) };
  return out;
}

// texts changes all texts in v.
function texts(v, change) {
  if (typeof v === 'string') return change(v);
  if (Array.isArray(v)) return v.map((x) => texts(x, change));
  if (v !== null && typeof v === 'object') return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, texts(x, change)]));
  return v;
}

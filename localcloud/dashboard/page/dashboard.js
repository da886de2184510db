'use strict';

// Every status yields a new list of the picture's elements, each with a key. Existing elements are updated, so that the
// style sheet's transitions show what changed.
const picture = document.getElementById('picture');
const elements = new Map();

function draw(list, width, height) {
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const seen = new Set();
  let before = null;
  for (const { key, tag, text, ...attributes } of list) {
    seen.add(key);
    let e = elements.get(key);
    if (!e) {
      e = document.createElementNS('http://www.w3.org/2000/svg', tag);
      elements.set(key, e);
    }
    const after = before ? before.nextSibling : picture.firstChild;
    if (after !== e) picture.insertBefore(e, after);
    before = e;
    for (const [name, value] of Object.entries(attributes)) {
      const attribute = name === 'kind' ? 'class' : name;
      if (e.getAttribute(attribute) !== String(value)) e.setAttribute(attribute, value);
    }
    if (text !== undefined && e.textContent !== text) e.textContent = text;
  }
  for (const [key, e] of elements) {
    if (!seen.has(key)) {
      e.remove();
      elements.delete(key);
    }
  }
}

const regionOf = location => location.replace(/-[a-z]$/, '');
const percent = share => `${Math.round(100 * share)} %`;
const lastPart = name => name.slice(name.lastIndexOf('-') + 1);

// The states in which a part of the database cannot work.
const troubled = new Set(['no quorum', 'no majority', 'waits for PD', 'waits for the database']);
const condition = pod => {
  if (!pod) return 'wait';
  if (!pod.ready || troubled.has(pod.state.word)) return pod.reason === 'ContainerCreating' || pod.reason === 'PodInitializing' ? 'wait' : 'bad';
  return pod.state.word === 'election' ? 'wait' : 'good';
};

// combined is a machine as the picture shows it: in rotation if it is so for a service, with its part of all requests.
function combined(backends, services) {
  if (!backends) return undefined;
  const total = services.reduce((sum, s) => sum + s.rate, 0);
  return {
    healthy: backends.some(b => b.healthy),
    out: backends.filter(b => !b.healthy).map(b => b.service.name),
    rate: backends.reduce((sum, b) => sum + b.rate, 0),
    share: total > 0 ? backends.reduce((sum, b) => sum + b.share * b.service.rate, 0) / total : backends[0].share,
  };
}

// model extracts from a status what the picture shows.
function model(status) {
  const services = status.loadBalancers.services ?? [];
  const backends = new Map(); // by machine: the instance that each service sees
  for (const service of services) {
    for (const group of service.groups) {
      for (const instance of group.instances) backends.set(instance.name, [...backends.get(instance.name) ?? [], { ...instance, service }]);
    }
  }
  const failures = status.failures ?? {};
  const regions = (status.clusters ?? []).map(cluster => {
    const location = cluster.cluster.location;
    const name = regionOf(location);
    const pods = cluster.workloads ?? [];
    const of = kind => pods.filter(p => p.state.kind === kind);
    return {
      id: cluster.cluster.id,
      name,
      location,
      planeReady: cluster.ready,
      lost: (failures.regions ?? []).includes(name) || (failures.zones ?? []).includes(location),
      nodes: (cluster.machines ?? []).map(m => ({ ...m, backends: backends.get(m.name) ?? [], instance: combined(backends.get(m.name), services),
        sites: of('wordpress').filter(p => p.node === m.name) })),
      pd: of('pd')[0], tikv: of('tikv')[0], tidb: of('tidb')[0], nfs: of('nfs')[0], syncthing: of('syncthing')[0],
    };
  });
  regions.sort((a, b) => a.name.localeCompare(b.name));
  return { regions, cut: new Set((failures.partitions ?? []).map(p => p.join(' '))) };
}

const apart = (cut, a, b) => cut.has([a.name, b.name].sort().join(' '));

const column = 310, gap = 44, margin = 14, nodesAt = 186, rowsAt = 306, rowHeight = 46, rowGap = 12;
const cardTop = 140, cardHeight = 422;

function show(status) {
  const { regions, cut } = model(status);
  document.getElementById('empty').hidden = regions.length > 0;
  picture.style.display = regions.length ? '' : 'none';
  const width = Math.max(regions.length * (column + gap) - gap + 2 * margin, 640);
  const height = cardTop + cardHeight + (regions.length > 1 ? 74 : 14);
  const centre = width / 2;
  const list = [];
  const put = (key, tag, attributes) => list.push({ key, tag, ...attributes });
  const write = (key, x, y, text, kind = '') => put(key, 'text', { x, y, text, kind });
  const xOf = i => margin + i * (column + gap);

  // The boxes drawn later cover the ends of these lines.
  regions.forEach((r, i) => r.nodes.forEach((n, j) => {
    const w = nodeWidth(r), x = xOf(i) + 12 + j * (w + 10) + w / 2;
    const from = centre + (x - centre) * 0.24;
    const d = `M${from} 92 C ${from} 130, ${x} 128, ${x} ${nodesAt}`;
    const healthy = n.instance?.healthy;
    put(`http-${n.name}`, 'path', { d, kind: healthy ? 'link http' : 'link broken', style: '', 'stroke-width': healthy ? (1.4 + 14 * n.instance.share).toFixed(1) : 1.6 });
    if (healthy && n.instance.rate > 0) put(`flow-${n.name}`, 'path', { d, kind: 'flow' });
  }));
  regions.forEach((r, i) => put(`${r.id}-card`, 'rect', { x: xOf(i), y: cardTop, width: column, height: cardHeight, rx: 12, kind: r.lost ? 'region bad' : 'region' }));
  regions.forEach((a, i) => regions.forEach((b, j) => {
    if (j <= i) return;
    const broken = apart(cut, a, b);
    if (j === i + 1) {
      for (const [row, tier] of [[1, 'pd'], [2, 'tikv']]) {
        const y = rowsAt + row * (rowHeight + rowGap) + rowHeight / 2;
        const well = !broken && condition(a[tier]) === 'good' && condition(b[tier]) === 'good';
        put(`${tier}-${a.name}-${b.name}`, 'path', { d: `M${xOf(i) + column - 12} ${y} H${xOf(j) + 12}`, kind: well ? 'link raft' : 'link broken' });
      }
    }
    const connected = a.syncthing?.peers?.includes(b.id) && b.syncthing?.peers?.includes(a.id) && a.syncthing.ready && b.syncthing.ready;
    const x1 = xOf(i) + column * 0.75, x2 = xOf(j) + column * 0.75 - 16 * (j - i), y = rowsAt + 3 * (rowHeight + rowGap) + rowHeight;
    const deep = cardTop + cardHeight + 26 + 28 * (j - i);
    put(`sync-${a.name}-${b.name}`, 'path', { d: `M${x1} ${y} C ${x1} ${deep}, ${x2} ${deep}, ${x2} ${y}`, kind: connected && !broken ? 'link sync' : 'link broken' });
  }));

  const services = status.loadBalancers.services ?? [];
  const fronts = status.loadBalancers.frontEnds ?? [];
  put('balancer', 'rect', { x: centre - 220, y: 12, width: 440, height: 80, rx: 10, kind: 'balancer' });
  write('balancer-title', centre, 38, 'Global load balancer', 'big middle');
  write('balancer-url', centre, 58, fronts.length ? fronts.map(f => f.url).join(', ') : 'not declared yet', 'middle');
  const healthy = regions.flatMap(r => r.nodes).filter(n => n.instance?.healthy).length;
  const all = regions.flatMap(r => r.nodes).length;
  write('balancer-rate', centre, 78, services.length ? `${services.reduce((sum, s) => sum + s.rate, 0).toFixed(1)} requests/s · ${healthy} of ${all} instances in rotation` : '', 'small middle');

  regions.forEach((r, i) => drawRegion(r, xOf(i), put, write));
  draw(list, width, height);
  table(regions);
  document.getElementById('check').textContent = services.map(s => `Health check of ${s.name}: ${s.healthCheck}.`).join(' ');
  const lost = [...(status.failures?.regions ?? []).map(x => `region ${x}`), ...(status.failures?.zones ?? []).map(x => `zone ${x}`),
    ...(status.failures?.nodes ?? []).map(x => `node ${x}`), ...(status.failures?.controlPlanes ?? []).map(x => `control plane of ${x.split('/').pop()}`),
    ...(status.failures?.partitions ?? []).map(x => `network between ${x.join(' and ')}`)];
  const problems = [...(lost.length ? [`Lost: ${lost.join(', ')}`] : []), ...(status.problem ? [status.problem] : []),
    ...fronts.map(f => f.problem).filter(Boolean)];
  notice(problems.join(' · '));
}

const nodeWidth = r => (column - 24 - 10 * (Math.max(r.nodes.length, 1) - 1)) / Math.max(r.nodes.length, 1);

function drawRegion(r, x, put, write) {
  const key = name => `${r.id}-${name}`;
  write(key('name'), x + 14, cardTop + 28, r.name, 'big');
  put(key('plane-dot'), 'circle', { cx: x + column - 16, cy: cardTop + 23, r: 5, kind: `dot ${r.planeReady ? 'good' : 'bad'}` });
  write(key('plane'), x + column - 27, cardTop + 27, r.lost ? 'region lost' : r.planeReady ? 'control plane' : 'no control plane', 'small end');

  const w = nodeWidth(r);
  r.nodes.forEach((n, j) => {
    const at = x + 12 + j * (w + 10), name = part => key(`${n.name}-${part}`);
    const well = n.instance?.healthy;
    put(name('box'), 'rect', { x: at, y: nodesAt, width: w, height: 106, rx: 8, kind: well || !n.instance ? 'node' : 'node bad' });
    put(name('dot'), 'circle', { cx: at + 14, cy: nodesAt + 17, r: 5, kind: `dot ${well ? (n.instance.out.length ? 'wait' : 'good') : n.power === 'booting' || !n.instance ? 'wait' : 'bad'}` });
    write(name('name'), at + 26, nodesAt + 22, w > 100 ? `node ${lastPart(n.name)}` : lastPart(n.name), 'title');
    write(name('word'), at + 12, nodesAt + 41, n.power !== 'on' ? `machine ${n.power}` : !well ? 'out of rotation' : n.instance.out.length ? 'partly in rotation' : 'in rotation', 'small');
    n.sites.slice(0, 8).forEach((p, k) => put(name(`site-${p.name}`), 'rect', { x: at + 12 + k * 15, y: nodesAt + 50, width: 11, height: 11, rx: 3, kind: `chip ${p.ready ? 'good' : n.power === 'off' ? 'bad' : 'wait'}` }));
    if (w > 100) {
      const ready = n.sites.filter(p => p.ready).length;
      write(name('sites'), at + 12 + Math.min(n.sites.length, 8) * 15 + 3, nodesAt + 60, n.sites.length ? `WordPress ${ready}/${n.sites.length}` : 'no WordPress', 'small');
    }
    const share = n.instance?.share ?? 0;
    put(name('track'), 'rect', { x: at + 12, y: nodesAt + 74, width: w - 24, height: 7, rx: 3.5, kind: 'track' });
    put(name('share'), 'rect', { x: at + 12, y: nodesAt + 74, width: (share * (w - 24)).toFixed(1), height: 7, rx: 3.5, kind: 'share' });
    write(name('percent'), at + 12, nodesAt + 97, w > 100 ? `${percent(share)} of requests` : percent(share), 'small');
  });

  const box = (row, from, part, kind, title, pod, empty = 'not there') => {
    const y = rowsAt + row * (rowHeight + rowGap), bx = x + 12 + from * (column - 24 + 10) / 2, bw = (column - 24) * part - (part < 1 ? 5 : 0);
    const state = condition(pod), word = pod ? (pod.reason && !pod.ready ? pod.reason : pod.state.word) : empty;
    put(key(title), 'rect', { x: bx, y, width: bw, height: rowHeight, rx: 8, kind: `box ${pod ? (state === 'bad' ? 'bad' : kind) : `${kind} wait`}` });
    put(key(`${title}-dot`), 'circle', { cx: bx + 15, cy: y + 16, r: 5, kind: `dot ${state}` });
    write(key(`${title}-title`), bx + 28, y + 21, title, 'title');
    write(key(`${title}-word`), bx + 28, y + 37, word, 'small');
  };
  box(0, 0, 1, 'raft', 'TiDB', r.tidb);
  box(1, 0, 1, 'raft', 'Placement Driver', r.pd);
  box(2, 0, 1, 'raft', 'TiKV', r.tikv);
  box(3, 0, 0.5, 'sync', 'NFS server', r.nfs);
  box(3, 1, 0.5, 'sync', 'Syncthing', r.syncthing);
}

function table(regions) {
  const body = document.querySelector('#instances tbody');
  const rows = regions.flatMap(r => r.nodes.flatMap(n => n.backends.length
    ? n.backends.map(b => [r.name, n.name, b.healthy ? 'healthy' : 'unhealthy', percent(b.share), b.rate.toFixed(1), b.service.name, b.reason ?? ''])
    : [[r.name, n.name, 'no backend', percent(0), '0.0', '', '']]));
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, i) => {
    const row = body.rows[i] ?? body.insertRow();
    cells.forEach((text, j) => {
      const cell = row.cells[j] ?? row.insertCell();
      if (cell.textContent !== text) cell.textContent = text;
      cell.className = j === 2 ? `health ${text === 'healthy' ? 'good' : 'bad'}` : j === 3 || j === 4 ? 'number' : '';
    });
  });
  document.getElementById('instances').hidden = rows.length === 0;
}

function notice(text) {
  const e = document.getElementById('notice');
  e.hidden = !text;
  if (e.textContent !== text) e.textContent = text;
}

function state(text, kind) {
  const e = document.getElementById('state');
  e.textContent = text;
  e.className = kind;
}

const events = new EventSource('events');
events.addEventListener('status', event => {
  show(JSON.parse(event.data));
  state('live', 'live');
});
events.addEventListener('problem', event => {
  state('the local cloud does not answer', 'lost');
  notice(JSON.parse(event.data));
});
events.addEventListener('error', () => state('the dashboard does not answer; reconnecting', 'lost'));

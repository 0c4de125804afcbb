"""Projects whose reading is compared with DVC's own: name -> files."""

CMD = "cmd: 'true'"


def stage(body, name="s"):
    return f"stages:\n  {name}:\n    {CMD}\n{body}"


CASES = {
    "foreach list": {"dvc.yaml": "stages:\n  s:\n    foreach: [us, uk]\n    do:\n      cmd: 'true'\n      metrics: ['${item}.json']\n"},
    "foreach numbers and booleans": {
        "dvc.yaml": "stages:\n  s:\n    foreach: [1, 0.5, 1e-5, 1e16, true, false, null]\n    do:\n      cmd: 'true'\n      metrics: ['m-${item}.json']\n"
    },
    "foreach repeated": {"dvc.yaml": "stages:\n  s:\n    foreach: [a, b, a]\n    do:\n      cmd: 'true'\n      metrics: ['${item}.json']\n"},
    "foreach list of mappings": {
        "dvc.yaml": "stages:\n  s:\n    foreach:\n    - {a: x}\n    - {a: y}\n    do:\n      cmd: 'true'\n      metrics: ['${item.a}.json']\n"
    },
    "foreach mixed": {
        "dvc.yaml": "stages:\n  s:\n    foreach:\n    - {a: x}\n    - plain\n    do:\n      cmd: 'true'\n      metrics: ['m.json']\n"
    },
    "foreach mapping": {
        "dvc.yaml": "stages:\n  s:\n    foreach: {x: {lr: 1}, y: {lr: 0.25}}\n    do:\n      cmd: 'true'\n      metrics: ['${key}-${item.lr}.json']\n"
    },
    "foreach integer keys": {
        "dvc.yaml": "stages:\n  s:\n    foreach: {2020: a, 2021: b}\n    do:\n      cmd: 'true'\n      metrics: ['${key}-${item}.json']\n"
    },
    "foreach from params": {
        "params.yaml": "models: {us: {lr: 1}, 'u.k': {lr: 2}}\nnames: [a, b]\n",
        "dvc.yaml": "stages:\n  s:\n    foreach: ${models}\n    do:\n      cmd: 'true'\n      metrics: ['${key}-${item.lr}.json']\n"
        "  t:\n    foreach: ${names}\n    do:\n      cmd: 'true'\n      metrics: ['t-${item}.json']\n",
    },
    "foreach merged over files": {
        "params.yaml": "models: {us: {lr: 1}}\n",
        "more.yaml": "models: {uk: {lr: 2}}\n",
        "dvc.yaml": "vars: [more.yaml]\nstages:\n  s:\n    foreach: ${models}\n    do:\n      cmd: 'true'\n      metrics: ['${key}-${item.lr}.json']\n",
    },
    "foreach with templates inside": {
        "params.yaml": "a: one\nb: {c: two}\n",
        "dvc.yaml": "stages:\n  s:\n    foreach: ['${a}', '${b.c}', 'x-${a}']\n    do:\n      cmd: 'true'\n      metrics: ['${item}.json']\n",
    },
    "foreach item overrides context": {
        "params.yaml": "item: mine\nkey: k\n",
        "dvc.yaml": "stages:\n  s:\n    foreach: [a]\n    do:\n      cmd: 'true'\n      metrics: ['${item}-${key}.json']\n",
    },
    "foreach empty": {"dvc.yaml": "metrics: [m.json]\nstages:\n  s:\n    foreach: []\n    do:\n      cmd: 'true'\n"},
    "foreach text": {"dvc.yaml": "stages:\n  s:\n    foreach: abc\n    do:\n      cmd: 'true'\n"},
    "matrix": {
        "dvc.yaml": "stages:\n  s:\n    matrix:\n      m: [a, b]\n      s: [1, 2]\n    cmd: 'true'\n    metrics: ['${item.m}/${item.s}.json', '${key}.json']\n"
    },
    "matrix of mappings and templates": {
        "params.yaml": "sizes: [1, 2.5]\nmodel: {name: big}\n",
        "dvc.yaml": "stages:\n  s:\n    matrix:\n      m: [{n: x}, '${model}']\n      s: ${sizes}\n    cmd: echo ${item.m}\n    metrics: ['${key}.json']\n",
    },
    "matrix repeated values": {
        "dvc.yaml": "stages:\n  s:\n    matrix:\n      m: [a, a]\n      b: [true, false]\n    cmd: 'true'\n    metrics: ['${key}.json']\n"
    },
    "matrix wdir": {
        "sub/x": "", "a/x": "", "b/x": "",
        "sub/dvc.yaml": "stages:\n  s:\n    matrix:\n      m: [a, b]\n    wdir: ../${item.m}\n    cmd: 'true'\n    metrics: ['m.json']\n    params: [lr]\n",
    },
    "templates as keys": {
        "params.yaml": "off: false\nname: q\n",
        "dvc.yaml": stage("    metrics:\n    - ${name}.json: {cache: false}\n    outs:\n    - o: {cache: false}\n"),
    },
    "foreach of mappings with mappings": {
        "params.yaml": "model: {name: big}\n",
        "dvc.yaml": "stages:\n  s:\n    foreach:\n    - {m: '${model}', n: 'x-${model.name}'}\n    do:\n      cmd: 'true'\n      metrics: ['${item.m.name}-${item.n}.json']\n",
    },
    "matrix from params": {
        "params.yaml": "grid: {m: [a, {b: c}], s: [1]}\n",
        "dvc.yaml": "stages:\n  s:\n    matrix:\n      m: ${grid.m}\n      s: ['${grid.s[0]}', '${grid.s.0}x']\n    cmd: 'true'\n    metrics: ['${key}.json']\n",
    },
    "stage vars conflict": {"params.yaml": "a: 1\n", "dvc.yaml": stage("    vars: [{a: 2}]\n    metrics: ['${a}.json']\n")},
    "stage vars reserve item": {
        "dvc.yaml": "stages:\n  s:\n    foreach: [x]\n    do:\n      cmd: 'true'\n      vars: [{item: y}]\n      metrics: ['${item}.json']\n"
    },
    "matrix without lists": {"dvc.yaml": "stages:\n  s:\n    matrix: {a: [x], b: []}\n    cmd: 'true'\n    metrics: [m.json]\n"},
    "foreach with wdir and params": {
        "us/params.yaml": "lr: 1\n", "uk/params.yaml": "lr: 1\n",
        "dvc.yaml": "stages:\n  s:\n    foreach: [us, uk]\n    do:\n      cmd: 'true'\n      wdir: ${item}\n      params: [lr, ../p.yaml: [x]]\n      metrics: [m.json]\n",
    },
    "text with no end": {"params.yaml": "a: q\n", "dvc.yaml": stage("    metrics: ['${a.json', '$${a}.json', '${a}}.json']\n")},
    "escaped": {"dvc.yaml": stage("    metrics: ['\\${x}.json']\n")},
    "indices": {
        "params.yaml": "a: {b: [{c: x}, {c: y}]}\nl: [p, q]\n",
        "dvc.yaml": stage("    metrics: ['${a.b[1].c}.json', '${a.b.0.c}.json', '${ l[1] }.json', '${l.-1}-last.json']\n"),
    },
    "booleans inside text": {
        "params.yaml": "t: true\nf: false\nn: null\nx: 1e-7\ny: 123456789012345678\nz: 1.0\n",
        "dvc.yaml": stage("    metrics: ['${t}-${f}-${n}-${x}-${y}-${z}.json']\n"),
    },
    "vars literal and file and keys": {
        "conf/v.json": '{"a": "A", "b": "B", "c": {"d": "D"}}',
        "dvc.yaml": "vars:\n- {base: lit}\n- conf/v.json:a,c\nmetrics: ['${base}.json', '${a}/${c.d}.json']\n"
        + stage("    metrics: ['s-${a}.json']\n"),
    },
    "vars key not loaded": {"v.json": '{"a": "A", "b": "B"}', "dvc.yaml": "vars: ['v.json:a']\nmetrics: ['${b}.json']\n"},
    "vars conflict": {"params.yaml": "a: 1\n", "dvc.yaml": "vars: [{a: 2}]\nmetrics: ['${a}.json']\n"},
    "vars conflict equal": {"params.yaml": "a: 1\n", "dvc.yaml": "vars: [{a: 1}]\nmetrics: ['${a}.json']\n"},
    "vars merge": {"params.yaml": "a: {b: x}\n", "dvc.yaml": "vars: [{a: {c: y}}]\nmetrics: ['${a.b}-${a.c}.json']\n"},
    "vars missing file": {"dvc.yaml": "vars: [nope.yaml]\nmetrics: ['${a}.json']\n"},
    "vars same file twice": {"v.yaml": "a: 1\n", "dvc.yaml": "vars: [v.yaml, v.yaml]\nmetrics: ['m-${a}.json']\n"},
    "vars partial of default": {"params.yaml": "a: 1\n", "dvc.yaml": "vars: ['params.yaml:a']\nmetrics: ['m-${a}.json']\n"},
    "vars stage level": {
        "w/v.yaml": "a: inner\n",
        "dvc.yaml": stage("    wdir: w\n    vars: [v.yaml, {b: lit}]\n    metrics: ['${a}-${b}.json']\n"),
    },
    "vars toml and py": {
        "v.toml": "a = 'T'\n", "v.py": "b = 'P'\nclass C:\n    d = 3\n",
        "dvc.yaml": "vars: [v.toml, v.py]\nmetrics: ['${a}-${b}-${C.d}.json']\n",
    },
    "vars used show": {
        "v.yaml": "a: 1\nb: {c: 2, d: 3}\nl: [1, 2]\nunused: 4\n",
        "dvc.yaml": "vars: [v.yaml]\nstages:\n  s:\n    cmd: echo ${a} ${b.c} ${l[0]} ${l}\n    metrics: [m.json]\n".replace(" ${l}", ""),
    },
    "vars used by foreach": {
        "v.yaml": "models: {us: {lr: 1}, uk: {lr: 2}}\nlist: [x, y]\n",
        "dvc.yaml": "vars: [v.yaml]\nstages:\n  s:\n    foreach: ${models}\n    do:\n      cmd: echo ${item.lr}\n"
        "  t:\n    foreach: ${list}\n    do:\n      cmd: echo ${item}\n",
    },
    "vars used by matrix": {
        "v.yaml": "list: [x, y]\n",
        "dvc.yaml": "vars: [v.yaml]\nstages:\n  s:\n    matrix: {m: '${list}', n: [1]}\n    cmd: echo ${item.m} ${item.n}\n",
    },
    "vars used in mapping command": {
        "v.yaml": "d: {x: 1, y: two}\n",
        "dvc.yaml": "vars: [v.yaml]\nstages:\n  s:\n    cmd: python t.py ${d}\n    metrics: [m.json]\n",
    },
    "params forms": {
        "params.yaml": "lr: 1\nnested: {key: 2}\n", "other.json": '{"x": 1, "arr": [5, 6]}', "whole.toml": "a = 1\n",
        "dvc.yaml": stage("    params:\n    - lr\n    - nested.key\n    - other.json: [x, arr.0]\n    - whole.toml:\n"),
    },
    "params whole and keys": {
        "sub/params.yaml": "lr: 1\n",
        "sub/dvc.yaml": stage("    params:\n    - params.yaml:\n    - lr\n"),
    },
    "params keys of a subfolder": {"params.yaml": "root: 1\n", "sub/params.yaml": "lr: 1\nx: 2\n", "sub/dvc.yaml": stage("    params: [lr]\n")},
    "params top level": {"a.yaml": "x: 1\n", "d/b.json": "{}", "d/c.json": "{}", "dvc.yaml": "params: [a.yaml, d]\n"},
    "params by two stages": {
        "sub/params.yaml": "a: 1\nb: 2\n",
        "sub/dvc.yaml": "stages:\n  s: {cmd: 'true', params: [a]}\n  t: {cmd: 'true', params: [b, params.yaml: [c]]}\n",
    },
    "params template": {
        "params.yaml": "file: o.json\nk: x\n", "o.json": "{}",
        "dvc.yaml": stage("    params:\n    - ${file}: ['${k}']\n"),
    },
    "metric folder": {
        "ev/a.json": "{}", "ev/deep/b.json": "{}",
        "dvc.yaml": "metrics: [ev]\n",
    },
    "metric forms": {
        "dvc.yaml": stage("    metrics:\n    - m.json\n    - n.json: {cache: false}\n    plots:\n    - p.csv\n    - q.csv: {x: a, cache: false}\n    outs:\n    - model.pkl\n    - d: {cache: false, persist: true}\n"),
    },
    "paths climb": {"a/b/x": "", "a/b/dvc.yaml": "metrics: [../../m.json, ./././n.json, ../c/../o.json]\n"},
    "dvcignore": {
        ".dvcignore": "old/\n/top.dvc\n*.skip/\n!keep.skip/\n", "old/dvc.yaml": "metrics: [m.json]\n", "new/dvc.yaml": "metrics: [m.json]\n",
        "a.skip/dvc.yaml": "metrics: [m.json]\n", "keep.skip/dvc.yaml": "metrics: [m.json]\n",
        "new/.dvcignore": "/x\n", "new/x/dvc.yaml": "metrics: [m.json]\n", "new/y/x/dvc.yaml": "metrics: [m.json]\n",
    },
    "dvcignore of a metric": {".dvcignore": "m.json\n", "m.json": "{}", "dvc.yaml": "metrics: [m.json]\n"},
    "dvc files in outputs are not read": {
        "dvc.yaml": stage("    outs: [{out: {cache: false}}]\n"), "out/dvc.yaml": "metrics: [m.json]\n", "out2/dvc.yaml": "metrics: [m.json]\n",
    },
    "nested project": {"nested/.dvc/config": "", "nested/dvc.yaml": "metrics: [m.json]\n", "dvc.yaml": "metrics: [m.json]\n"},
    "unknown top key": {"dvc.yaml": "metrics: [m.json]\nmetrcs: [n.json]\n"},
    "unresolved in command": {"dvc.yaml": "stages:\n  s:\n    cmd: echo ${nope}\n    metrics: [m.json]\n"},
    "unresolved in metric": {"dvc.yaml": stage("    metrics: ['${nope}.json']\n")},
    "list in text": {"params.yaml": "l: [1]\n", "dvc.yaml": stage("    metrics: ['m-${l}.json']\n")},
    "not a name": {"params.yaml": "a: 1\n", "dvc.yaml": stage("    metrics: ['${a..b}.json']\n")},
    "empty": {"dvc.yaml": ""},
    "dvclive": {
        "dvc.yaml": "params:\n- dvclive/params.yaml\nmetrics:\n- dvclive/metrics.json\nplots:\n- dvclive/plots/metrics:\n    x: step\n",
        "dvclive/params.yaml": "lr: 1\n", "dvclive/metrics.json": '{"train": {"loss": 0.3}, "step": 2}',
    },
}

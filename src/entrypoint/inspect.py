# Reads the facts about flows without importing their code. Reads {"entrypoints": [{"kind", "path" or "module", "name"}, ...]} from stdin, and
# writes a list of answers in the same order. It runs in the folder that the entrypoints are relative to.
# It uses only the standard library, and works with Python 3.8 and newer.
# Flow names, parameters and their schemas are the same as Prefect's: flows.py, utilities/callables.py (through pydantic).
import ast, hashlib, json, os, sys

MISSING = object()
files = {}


class Fault(Exception):
    def __init__(self, **what):
        self.what = what


# The names that a file defines at module level, also inside `if`, `try` and `with`.
class Source:
    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise Fault(kind="unreadable", path=path, text=error.strerror)
        self.digest = hashlib.md5(content).hexdigest()
        try:
            self.tree = ast.parse(content, path)
        except SyntaxError as error:
            text = (error.text or "").strip()
            raise Fault(kind="syntax", path=path, line=error.lineno or 1, message=error.msg, text=text)
        except (ValueError, RecursionError) as error:
            raise Fault(kind="syntax", path=path, line=1, message=str(error), text="")
        self.names, self.stars = defined(self.tree.body)

    def constant(self, node):
        if isinstance(node, ast.Name):
            found = self.names.get(node.id)
            node = found.value if isinstance(found, (ast.Assign, ast.AnnAssign)) else None
        return literal(node)


def defined(body):
    names, stars = {}, []
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[node.name] = node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    names[target.id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            names[node.target.id] = node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name == "*":
                    stars.append(node)
                else:
                    names[alias.asname or alias.name.split(".")[0]] = (node, alias)
        else:
            for part in ("body", "orelse", "finalbody"):
                inner, more = defined(getattr(node, part, None) or [])
                names.update(inner)
                stars += more
            for handler in getattr(node, "handlers", None) or []:
                inner, more = defined(handler.body)
                stars += more
                # A definition in `try` comes first; `except ImportError` has only its replacement.
                for name in inner:
                    names.setdefault(name, inner[name])
    return names, stars


# The value of a literal that JSON can hold, or MISSING.
def literal(node):
    if node is None:
        return MISSING
    try:
        value = ast.literal_eval(node)
        json.dumps(value, allow_nan=False)
        return value
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return MISSING


def source(path):
    if path not in files:
        try:
            files[path] = Source(path)
        except Fault as fault:
            files[path] = fault
    if isinstance(files[path], Fault):
        raise files[path]
    return files[path]


# Find a module like an import from the working directory: packages come before modules.
def module_path(module, roots):
    for root in roots:
        place = os.path.join(root, *module.split("."))
        for path in (os.path.join(place, "__init__.py"), place + ".py"):
            if os.path.isfile(path):
                return os.path.normpath(path)
    return None


def locate(entry):
    if entry["kind"] == "file":
        if not os.path.isfile(entry["path"]):
            raise Fault(kind="noFile", path=entry["path"])
        return source(os.path.normpath(entry["path"]))
    path = module_path(entry["module"], ["."])
    if not path:
        raise Fault(kind="noModule", module=entry["module"])
    return source(path)


# The full name that an expression refers to, resolved by the imports of the file: `p.flow` is "prefect.flow" after `import prefect as p`.
def dotted(node, names):
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return base and base + "." + node.attr
    if not isinstance(node, ast.Name):
        return None
    found = names.get(node.id)
    if not isinstance(found, tuple):
        return node.id
    statement, alias = found
    if isinstance(statement, ast.Import):
        return alias.name if alias.asname else alias.name.split(".")[0]
    return (statement.module or "") + "." + alias.name


# The arguments of Prefect's flow decorator, or None if the expression is not that decorator.
def flow_options(node, names):
    given = {}
    while isinstance(node, ast.Call):
        given.update({word.arg: word.value for word in node.keywords if word.arg})
        node = node.func
    name = dotted(node, names)
    if not name or name.split(".")[-1] not in ("flow", "Flow"):
        return None
    return given if name == "flow" and not isinstance(names.get("flow"), (ast.FunctionDef, ast.ClassDef)) or "." in name else None


def find(where, name, depth=0):
    names, stars, found = where.names, where.stars, None
    parts = name.split(".")
    for at, part in enumerate(parts):
        found = names.get(part)
        if found is None:
            for star in stars if at == 0 and depth < 8 else []:
                other = imported(where, star.module, star.level)
                if not other:
                    raise Fault(kind="elsewhere")
                try:
                    return find(other, name, depth + 1)
                except Fault as fault:
                    if fault.what["kind"] != "noName":
                        raise
            known = [n for n, d in names.items() if isinstance(d, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign))]
            raise Fault(kind="noName", path=where.path, name=part, names=known)
        if isinstance(found, tuple):
            statement, alias = found
            if depth < 8 and isinstance(statement, ast.ImportFrom):
                other = imported(where, statement.module, statement.level)
                if other:
                    return find(other, ".".join([alias.name] + parts[at + 1 :]), depth + 1)
            raise Fault(kind="elsewhere")
        if at < len(parts) - 1:
            if not isinstance(found, ast.ClassDef):
                raise Fault(kind="noName", path=where.path, name=parts[at + 1], names=[])
            names, stars = defined(found.body)
    return where, found


def imported(where, module, level):
    folder = os.path.dirname(where.path) or "."
    for _ in range(level - 1):
        folder = os.path.join(folder, "..")
    roots = [folder] if level else [folder, "."]
    path = module_path(module, roots) if module else None
    return source(path) if path else None


def described(entry):
    where, node = find(locate(entry), entry["name"])
    options, decorated = {}, False
    own_name = entry["name"].split(".")[-1]
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        # hello = flow(name="x")(say), hello = flow(say), hello = other.with_options(name="x")
        value, line = node.value, node.lineno
        if not isinstance(value, (ast.Call, ast.Name, ast.Attribute, ast.Lambda)):
            raise Fault(kind="noFunction", path=where.path, name=entry["name"], line=line, what="a value")
        inner = None
        if isinstance(value, ast.Call):
            options = flow_options(value, where.names)
            if options is not None:
                decorated, inner = True, (value.args or [options.get("fn")])[0]
            elif isinstance(value.func, ast.Attribute) and value.func.attr == "with_options":
                decorated, inner = True, value.func.value
                options = {word.arg: word.value for word in value.keywords if word.arg}
        elif isinstance(value, ast.Name):
            inner = value
        if not isinstance(inner, ast.Name):
            raise Fault(kind="elsewhere")
        wrapped = {**entry, "name": inner.id}
        if inner.id == entry["name"]:
            raise Fault(kind="elsewhere")
        answer = described(wrapped)
        name = where.constant(options.get("name")) if options and "name" in options else None
        if isinstance(name, str):
            answer["flowName"] = name
        for key in ("description", "version"):
            value = where.constant(options.get(key)) if options and key in options else None
            if isinstance(value, str):
                answer[key] = value
        answer["isFlow"] = answer["isFlow"] or decorated
        return answer
    if isinstance(node, ast.ClassDef):
        raise Fault(kind="noFunction", path=where.path, name=entry["name"], line=node.lineno, what="a class")
    unknown, method = [], "." in entry["name"]
    for decorator in node.decorator_list:
        given = flow_options(decorator, where.names)
        if given is not None:
            options, decorated = given, True
        if dotted(decorator, where.names) == "staticmethod":
            method = False
    texts = {}
    for key in ("name", "description", "version"):
        value = where.constant(options[key]) if key in options else None
        if value is MISSING:
            unknown.append(key)
        elif value is not None:
            texts[key] = str(value)
    docstring = ast.get_docstring(node) or ""
    schema, computed = parameters(node.args, where, method)
    for name, text in parameter_texts(docstring).items():
        if name in schema["properties"]:
            schema["properties"][name]["description"] = text
    answer = {
        "flowName": texts.get("name") or node.name.replace("_", "-"),
        "functionName": own_name,
        "path": where.path,
        "line": node.lineno,
        "fileHash": where.digest,
        "isFlow": decorated,
        "isAsync": isinstance(node, ast.AsyncFunctionDef),
        "parameterSchema": schema,
        "computed": unknown + ["parameters." + name for name in computed],
    }
    description = texts.get("description") or docstring
    if description:
        answer["description"] = description
    if "version" in texts:
        answer["version"] = texts["version"]
    return answer


def parameters(args, where, method):
    positional = (getattr(args, "posonlyargs", None) or []) + args.args
    defaults = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    pairs = list(zip(positional, defaults))[1 if method else 0 :] + list(zip(args.kwonlyargs, args.kw_defaults))
    properties, required, computed = {}, [], []
    for position, (arg, default) in enumerate(pairs):
        field = schema_of(arg.annotation, where)
        field.update(title=arg.arg, position=position)
        if default is None:
            required.append(arg.arg)
        else:
            value = where.constant(default)
            if value is MISSING:
                computed.append(arg.arg)
            else:
                field["default"] = value
        properties[arg.arg] = field
    schema = {"title": "Parameters", "type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if args.kwarg:
        schema["additionalProperties"] = True
    return schema, computed


# The descriptions of parameters in a Google-style docstring, which Prefect puts into the schema.
def parameter_texts(docstring):
    texts, inside, indent, name = {}, False, None, None
    for line in docstring.split("\n"):
        text, depth = line.strip(), len(line) - len(line.lstrip())
        if depth == 0 and text:
            inside, indent = text.lower() in ("args:", "arguments:", "params:", "parameters:"), None
        elif inside and text:
            indent = depth if indent is None else indent
            head, colon, rest = text.partition(":")
            if depth == indent and colon:
                name = head.split("(")[0].strip(" *")
                texts[name] = [rest.strip()]
            elif depth > indent and name in texts:
                texts[name].append(text)
    return {name: "\n".join(filter(None, lines)) for name, lines in texts.items() if any(lines)}


TYPES = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "binary"},
    "None": {"type": "null"},
    "list": {"type": "array", "items": {}},
    "tuple": {"type": "array", "items": {}},
    "set": {"type": "array", "items": {}, "uniqueItems": True},
    "frozenset": {"type": "array", "items": {}, "uniqueItems": True},
    "dict": {"type": "object", "additionalProperties": True},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": "string", "format": "duration"},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "pathlib.Path": {"type": "string", "format": "path"},
}
GENERIC = {"List": "list", "Sequence": "list", "Iterable": "list", "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset", "Dict": "dict", "Mapping": "dict"}


# The JSON Schema that pydantic makes of an annotation. {} if it is known only after running the code.
def schema_of(node, where):
    try:
        return annotated(node, where)
    except (KeyError, IndexError, AttributeError, SyntaxError, ValueError, RecursionError):
        return {}


def annotated(node, where):
    if node is None:
        return {}
    if isinstance(node, ast.Constant):
        if node.value is None:
            return dict(TYPES["None"])
        return annotated(ast.parse(node.value, mode="eval").body, where) if isinstance(node.value, str) else {}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return any_of(alternatives(node), where)
    if isinstance(node, ast.Subscript):
        inner = getattr(node.slice, "value", node.slice) if type(node.slice).__name__ == "Index" else node.slice
        args = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        name = short(node.value, where)
        if name == "Optional":
            return any_of(args + [ast.Constant(value=None)], where)
        if name == "Union":
            return any_of(args, where)
        if name == "Annotated":
            return annotated(args[0], where)
        if name == "Literal":
            values = [ast.literal_eval(arg) for arg in args]
            kinds = {{str: "string", int: "integer", bool: "boolean", type(None): "null"}[type(value)] for value in values}
            field = {"enum": values} if len(values) > 1 else {"const": values[0]}
            return {**field, "type": kinds.pop()} if len(kinds) == 1 else field
        if name in ("list", "set", "frozenset"):
            return {**TYPES[name], "items": annotated(args[0], where)}
        if name == "dict":
            value = annotated(args[1], where)
            return {"type": "object", "additionalProperties": value or True}
        if name == "tuple":
            if isinstance(args[-1], ast.Constant) and args[-1].value is ...:
                return {"type": "array", "items": annotated(args[0], where)}
            return {"type": "array", "prefixItems": [annotated(arg, where) for arg in args], "minItems": len(args), "maxItems": len(args)}
        return {}
    name = short(node, where)
    return json.loads(json.dumps(TYPES.get(name, {})))


# The name of a type in TYPES, whatever its import name. None for a type that this file defines itself.
def short(node, where):
    if isinstance(node, ast.Name) and isinstance(where.names.get(node.id), (ast.ClassDef, ast.Assign)):
        return None
    name = dotted(node, where.names) or ""
    home, _, last = name.rpartition(".")
    if home in ("typing", "typing_extensions", "collections.abc", "t", "abc"):
        return GENERIC.get(last, last)
    return name


def alternatives(node):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return alternatives(node.left) + alternatives(node.right)
    return [node]


def any_of(nodes, where):
    fields = []
    for node in nodes:
        field = annotated(node, where)
        for one in field["anyOf"] if set(field) == {"anyOf"} else [field]:
            if one not in fields:
                fields.append(one)
    return {"anyOf": fields} if len(fields) > 1 else fields[0]


def answered(entry):
    try:
        return described(entry)
    except Fault as fault:
        return {"fault": fault.what}
    except RecursionError:
        return {"fault": {"kind": "elsewhere"}}


json.dump({"python": ".".join(map(str, sys.version_info[:3])), "answers": [answered(entry) for entry in json.load(sys.stdin)["entrypoints"]]}, sys.stdout)

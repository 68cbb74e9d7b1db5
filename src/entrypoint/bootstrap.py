# What a run's command becomes where a deployment has an entrypoint and no command: import the flow, give it the run's parameters, call it.
# Standard library only, Python 3.9 and newer. It arrives in the environment (see programs.ts), so every byte of it counts:
# comments and blank lines are dropped on the way, and what not every run needs is imported where it is needed.
#
# Exit codes: 0 it returned; 1 it raised (its own traceback is on stderr); what it says itself by SystemExit; 78 it could not be called as it is
# deployed (no such file, module or function, parameters that do not fit, pull steps that cannot run): one line on stderr.
import json, os, sys

UNFIT = 78
env = os.environ
entrypoint = env["PUSHPOOL_ENTRYPOINT"]
parameters = json.loads(env.get("PUSHPOOL_PARAMETERS") or "{}")
steps = json.loads(env.pop("PUSHPOOL_PULL_STEPS", "[]"))


def fail(why):
    print(f"{entrypoint}: {why}", file=sys.stderr)
    sys.exit(UNFIT)


# For the server that a Prefect flow starts where no Prefect API is named: on a small or busy machine it takes longer than Prefect gives it.
env.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
env.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")


# Prefect's steps/pull.py and flows.py: the steps' outputs are merged, and a "directory" among them is where the flow is.
def pull():
    def plain(step):
        for name, inputs in step.items():
            folder = inputs.get("directory") if isinstance(inputs, dict) else None
            ours = name.rsplit(".", 1)[-1] == "set_working_directory" and isinstance(folder, str)
            return folder if ours and name.startswith("prefect.") and "{{" not in folder else None

    folders = [plain(step) for step in steps if step]
    if None not in folders:
        for folder in folders:
            try:
                os.chdir(folder)
            except OSError as error:
                fail(f"pull step set_working_directory: {folder}: {error.strerror}")
        return
    try:
        from prefect.deployments.steps.core import run_steps
    except ImportError as error:
        fail(f"its pull steps need Prefect, which is not there ({error}): install prefect in the run's environment")
    import asyncio

    try:
        outputs = asyncio.run(run_steps(steps, print_function=lambda text, **_: print(text)))
    except Exception as error:
        cause = error.__cause__ or error
        fail(f"{error}: {type(cause).__name__}: {cause}")
    if outputs.get("directory"):
        os.chdir(outputs["directory"])


def load():
    cwd = os.getcwd()
    place, _, names = entrypoint.rpartition(":")
    if not place:
        place, _, names = entrypoint.rpartition(".")
    if place.endswith(".py") or "/" in place:
        if not os.path.isfile(place):
            fail(f"there is no file {place} in {cwd}")
        import importlib.machinery as machinery

        path = os.path.abspath(place)
        folder, file = os.path.split(os.path.realpath(path))
        # As Prefect does: named after the file unless that name is taken, a package so that relative imports work.
        name = file[:-3] if file.endswith(".py") else file
        if name in sys.modules or "." in name:
            name = "__pushpool_flow__"
        sys.path[:0] = [folder, cwd]
        sys.argv = [path]
        loader = machinery.SourceFileLoader(name, path)
        spec = machinery.ModuleSpec(name, loader, origin=path)
        spec.has_location = True
        spec.submodule_search_locations = [folder, cwd]
        module = type(sys)(name)
        module.__spec__, module.__loader__, module.__file__, module.__path__, module.__package__ = spec, loader, path, [folder, cwd], name
        sys.modules[name] = module
        loader.exec_module(module)
    else:
        from importlib import import_module

        sys.path.insert(0, cwd)
        try:
            module = import_module(place)
        except ModuleNotFoundError as error:
            if error.name and (place + ".").startswith(error.name + "."):
                fail(f"there is no module {error.name} (looked in {cwd} and in this Python's packages)")
            raise
        sys.argv = [getattr(module, "__file__", None) or place]
    found = module
    for name in names.split("."):
        if not hasattr(found, name):
            import difflib

            near = difflib.get_close_matches(name, [n for n in vars(found) if callable(getattr(found, n, None))], 1, 0.5)
            fail(f"there is no {name} in {place}" + (f": did you mean {near[0]}?" if near else ""))
        found = getattr(found, name)
    if not callable(found):
        fail(f"{names} is no function but {type(found).__name__}")
    return found


# One value as its annotation wants it, as leniently as Prefect does; ValueError says what it must be.
def fit(value, kind):
    import typing

    if kind in (typing.Any, object) or isinstance(kind, (typing.TypeVar, str)):
        return value
    if kind in (None, type(None)):
        if value is None:
            return None
        raise ValueError("must be null")
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if hasattr(kind, "__metadata__"):
        return fit(value, args[0])
    if origin is typing.Literal:
        if value in args:
            return value
        raise ValueError("must be one of " + ", ".join(map(repr, args)))
    if origin is typing.Union or type(kind).__name__ == "UnionType":
        exact = [a for a in args if type(value) is (typing.get_origin(a) or a)]
        for choice in exact + list(args):
            try:
                return fit(value, choice)
            except ValueError as error:
                why = error
        raise why if len([a for a in args if a is not type(None)]) == 1 else ValueError("must be one of " + ", ".join(map(called, args)))
    base = origin or kind
    if not isinstance(base, type):
        return fit(value, kind.__supertype__) if hasattr(kind, "__supertype__") else value
    wrong = ValueError("must be " + called(kind))
    module = base.__module__
    text = isinstance(value, str)
    number = isinstance(value, (int, float))
    if base is bool:
        known = {True: True, False: False, "true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "on": True, "off": False}
        value = value.lower() if text else value
        if (text or number) and value in known:
            return known[value]
        raise wrong
    if base in (int, float) or base.__name__ == "Decimal":
        if text or number:
            try:
                made = base(str(value) if base.__name__ == "Decimal" else value)
            except (ArithmeticError, ValueError):
                raise wrong from None
            if base is not int or text or made == value:
                return made
        raise wrong
    if base is str:
        if text:
            return value
        raise wrong
    if base is bytes and text:
        return value.encode()
    if module == "datetime":
        import datetime

        try:
            if base is datetime.timedelta:
                return span(value) if text else base(seconds=value)
            if text:
                value = value.strip()
                value = value[:-1] + "+00:00" if value[-1:] in "zZ" and base is not datetime.date else value
                if base is datetime.date and len(value) > 10:
                    whole = fit(value, datetime.datetime)
                    if whole.time() != datetime.time():
                        raise wrong
                    return whole.date()
                return base.fromisoformat(value)
            if number and base is datetime.datetime:
                return base.fromtimestamp(value, datetime.timezone.utc)
        except (TypeError, ValueError, OverflowError):
            pass
        raise wrong
    if module == "uuid" or module.split(".")[0] == "pathlib":
        try:
            return base(value)
        except (TypeError, ValueError, AttributeError):
            raise wrong from None
    if hasattr(base, "__members__"):
        try:
            return base(value)
        except ValueError:
            raise ValueError("must be one of " + ", ".join(repr(m.value) for m in base)) from None
    if hasattr(base, "__dataclass_fields__"):
        if not isinstance(value, dict):
            raise wrong
        fields = {n: f for n, f in base.__dataclass_fields__.items() if f.init}
        hints = typing.get_type_hints(base)
        return made_of(base, value, {n: hints.get(n, typing.Any) for n in fields})
    if hasattr(base, "__total__"):
        if not isinstance(value, dict):
            raise wrong
        hints = typing.get_type_hints(base)
        missing = sorted(n for n in getattr(base, "__required_keys__", ()) if n not in value)
        if missing:
            raise ValueError("needs " + ", ".join(missing))
        return made_of(dict, value, hints)
    if hasattr(base, "_fields") and isinstance(value, (list, dict)):
        hints = typing.get_type_hints(base)
        return made_of(base, value if isinstance(value, dict) else dict(zip(base._fields, value)), {n: hints.get(n, typing.Any) for n in base._fields})
    if issubclass(base, dict) or base.__name__ in ("Mapping", "MutableMapping"):
        if not isinstance(value, dict):
            raise wrong
        return {fit(k, args[0]): inside(f".{k}", v, args[1]) for k, v in value.items()} if len(args) == 2 else value
    if base in (list, tuple, set, frozenset) or base.__name__ in ("Sequence", "Iterable", "Collection", "Set"):
        if not isinstance(value, list):
            raise wrong
        make = base if base in (tuple, set, frozenset) else set if base.__name__ == "Set" else list
        if base is tuple and args and args[-1] is not ...:
            if len(args) != len(value):
                raise ValueError(f"must have {len(args)} items, not {len(value)}")
            return tuple(inside(f"[{i}]", v, a) for i, (v, a) in enumerate(zip(value, args)))
        return make(inside(f"[{i}]", v, args[0]) if args else v for i, v in enumerate(value))
    # A class of its own: what JSON can say is no instance of it, and only the function knows what to do.
    return value


def inside(where, value, kind):
    try:
        return fit(value, kind)
    except ValueError as error:
        raise ValueError(f"{where}{'' if str(error)[:1] in '.[' else ' '}{error}") from None


def made_of(make, value, hints):
    unknown = sorted(set(value) - set(hints))
    if unknown and make is not dict:
        raise ValueError("has no " + ", ".join(unknown))
    try:
        return make(**{n: inside("." + n, v, hints[n]) if n in hints else v for n, v in value.items()})
    except TypeError as error:
        raise ValueError(str(error)) from None


# ISO 8601 (P1DT2H) or [days ]HH:MM:SS, as Prefect takes a timedelta.
def span(text):
    import datetime, re

    iso = r"([-+]?)P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?"
    clock = r"([-+]?)(?:(\d+)(?: days?)?,? *)?(\d+):(\d+)(?::([\d.]+))?"
    found = re.fullmatch(iso, text) or re.fullmatch(clock, text)
    if not found:
        raise ValueError
    sign, days, hours, minutes, seconds = found.groups()
    whole = datetime.timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return -whole if sign == "-" else whole


def called(kind):
    return kind.__name__ if isinstance(kind, type) and not getattr(kind, "__args__", None) else str(kind).replace("typing.", "")


# Pydantic where the flow's own code has loaded it already (what Prefect checks with), else the above.
def coerced(value, kind):
    pydantic = sys.modules.get("pydantic")
    if not hasattr(pydantic, "TypeAdapter"):
        return fit(value, kind)
    try:
        adapter = pydantic.TypeAdapter(kind)
    except Exception:
        return value
    try:
        return adapter.validate_python(value)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
        raise ValueError(f"{where} {first['msg']}".strip()) from None


SIMPLE = {str: str, int: int, float: (int, float), bool: bool, dict: dict, list: list}


# The parameters as the function wants them; a function that says nothing of itself (a builtin) gets them as they are.
def arguments(function):
    code = getattr(function, "__code__", None)
    if code and not code.co_flags & 12 and not code.co_posonlyargcount and not hasattr(function, "__wrapped__"):
        # The usual case, without `inspect`, which takes longer to load than many a flow to run.
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        late = function.__kwdefaults__ or {}
        first = code.co_argcount - len(function.__defaults__ or ())
        required = [n for i, n in enumerate(names) if n not in late and not first <= i < code.co_argcount]
        open_ended = False
        hinted = function
        positional = ()
    else:
        import inspect

        try:
            shape = inspect.signature(function).parameters
        except (TypeError, ValueError):
            return (), parameters
        names = [n for n, p in shape.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        required = [n for n in names if shape[n].default is inspect.Parameter.empty]
        open_ended = any(p.kind == p.VAR_KEYWORD for p in shape.values())
        positional = [n for n in names if shape[n].kind == shape[n].POSITIONAL_ONLY]
        hinted = inspect.unwrap(function)
    unknown = [n for n in parameters if n not in names]
    if unknown and not open_ended:
        fail(f"it has no parameter {unknown[0]}: its parameters are {', '.join(names) or 'none'}")
    missing = [n for n in required if n not in parameters]
    if missing:
        fail(f"parameter {missing[0]} is missing: give it a value")
    hints = getattr(hinted, "__annotations__", None) or {}
    hints = {n: hints[n] for n in parameters if n in hints}
    given = dict(parameters)
    if not all(k.__hash__ and k in SIMPLE and isinstance(given[n], SIMPLE[k]) and type(given[n]) is not bool for n, k in hints.items()):
        import typing

        try:
            known = typing.get_type_hints(hinted, include_extras=True)
        except Exception:
            known = {}
        for name, kind in hints.items():
            try:
                given[name] = coerced(given[name], known.get(name, kind))
            except ValueError as error:
                why = str(error)
                fail(f"parameter {name}{'' if why[:1] in '.[' else ' '}{why}, and is {json.dumps(parameters[name])[:200]}")
    return [given.pop(n) for n in positional if n in given], given


# The traceback from the flow's own first line on: no frame of this program, of Python's library or of Prefect before it.
def own(traceback):
    library = os.path.dirname(os.__file__)
    start = traceback
    while traceback:
        file = traceback.tb_frame.f_code.co_filename
        if file[0] != "<" and "/prefect/" not in file and not (file.startswith(library) and "-packages" not in file):
            return traceback
        traceback = traceback.tb_next
        if file == "<string>" and start.tb_next:
            start = traceback
    return start


def main():
    if steps:
        pull()
    function = load()
    # A Prefect flow checks and converts its parameters by itself, with what it knows of its types.
    flow = hasattr(function, "fn") and (type(function).__module__ or "").split(".")[0] == "prefect"
    args, named = ((), parameters) if flow else arguments(function)
    result = function(*args, **named)
    if hasattr(result, "__await__"):
        import asyncio

        async def awaited():
            return await result

        result = asyncio.run(awaited())
    elif type(result).__name__ == "generator":
        for _ in result:
            pass
        return
    if result is not None:
        try:
            text = repr(result)
        except Exception as error:
            text = f"a {type(result).__name__} that has no repr ({error})"
        if len(text) > 2000:
            text = f"{text[:2000]}… ({len(text)} characters)"
        print(f"{entrypoint} returned {text}", file=sys.stderr)


try:
    main()
except Exception as error:
    sys.stdout.flush()
    sys.excepthook(type(error), error.with_traceback(own(error.__traceback__)), error.__traceback__)
    sys.exit(1)

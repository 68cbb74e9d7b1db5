# The program that runs a deployment with an entrypoint and no command. It imports the flow and calls it with the parameters of the run.
# It uses only the standard library, and works with Python 3.9 and newer. It is passed in an environment variable (see programs.ts), so its size
# matters: comments and blank lines are removed, and modules that not every run needs are imported only where they are needed.
#
# Exit codes: 0: the flow returned. 1: the flow raised an exception; its traceback is on stderr. Any other code: the flow raised SystemExit.
# 78: the flow could not be called (missing file, module or function; invalid parameters; pull steps that cannot run); one line on stderr.
import json, os, sys

UNFIT = 78
env = os.environ
entrypoint = env["PUSHPOOL_ENTRYPOINT"]
parameters = json.loads(env.get("PUSHPOOL_PARAMETERS") or "{}")
steps = json.loads(env.pop("PUSHPOOL_PULL_STEPS", "[]"))


def fail(why):
    print(f"{entrypoint}: {why}", file=sys.stderr)
    sys.exit(UNFIT)


# Without a Prefect API, a Prefect flow starts a server. On a small or busy machine the server needs more time than Prefect's default.
env.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
env.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")


# As in Prefect's steps/pull.py and flows.py: the outputs of the steps are merged, and "directory" is the folder of the flow.
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
        fail(f"its pull steps need Prefect, which is not installed ({error}): install prefect in the run's environment")
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
        # As in Prefect: the module has the name of the file unless that is taken. It is a package, so that relative imports work.
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
        fail(f"{names} must be a function, not {type(found).__name__}")
    return found, "." in names


# Convert a value to the type of its annotation, as leniently as Prefect (pydantic's lax mode). ValueError says what the value must be.
# A value with an unknown type is not changed.
def fit(value, kind):
    import typing

    origin, args = typing.get_origin(kind), typing.get_args(kind)
    base, text, wrong = origin or kind, isinstance(value, str), ValueError("must be " + called(kind))
    if hasattr(kind, "__metadata__"):
        return fit(value, args[0])
    if origin is typing.Literal:
        if value in args:
            return value
        raise ValueError("must be one of " + ", ".join(map(repr, args)))
    if origin is typing.Union or type(kind).__name__ == "UnionType":
        for choice in sorted(args, key=lambda arg: type(value) is not (typing.get_origin(arg) or arg)):
            try:
                return fit(value, choice)
            except ValueError as error:
                wrong = error if len(args) == 2 and type(None) in args and choice is not type(None) else wrong
        raise wrong
    if not isinstance(base, type):
        return value
    name, home = base.__name__, base.__module__.split(".")[0]
    try:
        if base is type(None):
            made = None
        elif base is bool:
            made = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "on": True, "off": False}.get(str(value).lower())
        elif base in (int, float) or name == "Decimal":
            made = base(str(value) if name == "Decimal" else value) if text or isinstance(value, (int, float)) else None
            made = made if base is not int or text or made == value else None
        elif base is str:
            made = value if text else None
        elif home == "datetime":
            made = moment(value, base, text)
        elif home in ("uuid", "pathlib"):
            made = base(value)
        elif hasattr(base, "__members__"):
            wrong = ValueError("must be one of " + ", ".join(repr(member.value) for member in base))
            made = base(value)
        elif hasattr(base, "__dataclass_fields__") or hasattr(base, "__total__"):
            made = made_of(base, value, typing.get_type_hints(base)) if isinstance(value, dict) else None
        elif issubclass(base, dict) or name == "Mapping":
            made = {fit(key, args[0]): inside("." + key, inner, args[1]) for key, inner in value.items()} if args else dict(value)
        elif base in (list, tuple, set, frozenset) or name in ("Sequence", "Iterable"):
            if not isinstance(value, list):
                raise wrong
            if base is tuple and args and args[-1] is not ... and len(args) != len(value):
                raise Unfit(f"must have {len(args)} items, not {len(value)}")
            kinds = args if base is tuple and args[-1:] != (...,) else args[:1] * len(value)
            made = (base if base in (tuple, set, frozenset) else list)(
                inside(f"[{at}]", inner, kinds[at]) if kinds else inner for at, inner in enumerate(value)
            )
        else:
            made = value
    except Unfit:
        raise
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        raise wrong from None
    # None means that the conversion failed, except for a null that is allowed.
    if made is None and (value is not None or base not in (type(None), object)):
        raise wrong
    return made


class Unfit(ValueError):
    pass


def inside(where, value, kind):
    try:
        return fit(value, kind)
    except ValueError as error:
        raise Unfit(f"{where}{'' if str(error)[:1] in '.[' else ' '}{error}") from None


# Make a dataclass, or a TypedDict, which is a dict.
def made_of(base, value, hints):
    if hasattr(base, "__total__"):
        for name in sorted(base.__required_keys__ - set(value)):
            raise Unfit("needs " + name)
        return {name: inside("." + name, inner, hints[name]) if name in hints else inner for name, inner in value.items()}
    fields = {name: hints.get(name, object) for name, field in base.__dataclass_fields__.items() if field.init}
    for name in sorted(set(value) - set(fields)):
        raise Unfit("has no " + name)
    given = {name: inside("." + name, inner, fields[name]) for name, inner in value.items()}
    try:
        return base(**given)
    except (TypeError, ValueError) as error:
        raise Unfit(f"is not a valid {base.__name__}: {error}") from None


def moment(value, base, text):
    import datetime, re

    if base is datetime.timedelta:
        if not text:
            return base(seconds=value)
        # ISO 8601 (P1DT2H) or [days ]HH:MM:SS
        sign, *parts = (
            re.fullmatch(r"([-+]?)P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", value)
            or re.fullmatch(r"([-+]?)(?:(\d+)(?: days?)?,? *)?(\d+):(\d+)(?::([\d.]+))?", value)
        ).groups()
        days, hours, minutes, seconds = (float(part or 0) for part in parts)
        return base(days=days, hours=hours, minutes=minutes, seconds=seconds) * (-1 if sign == "-" else 1)
    if not text:
        return base.fromtimestamp(value, datetime.timezone.utc) if base is datetime.datetime else None
    value = re.sub("[zZ]$", "+00:00", value.strip())
    if base is datetime.date and len(value) > 10:
        whole = moment(value, datetime.datetime, text)
        return None if whole.time() != datetime.time() else whole.date()
    return base.fromisoformat(value)


def called(kind):
    return kind.__name__ if isinstance(kind, type) and not getattr(kind, "__args__", None) else str(kind).replace("typing.", "")


# If the code of the flow has loaded pydantic, use it, as Prefect does. Otherwise use the function above.
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


# Check the parameters against the signature of the function, and convert them. A function without a signature (a builtin) gets them unchanged.
def arguments(function, converted=True):
    code = getattr(function, "__code__", None)
    if code and not code.co_flags & 12 and not code.co_posonlyargcount and not hasattr(function, "__wrapped__") and not hasattr(function, "__self__"):
        # The common case works without `inspect`, which takes longer to load than many flows take to run.
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
    if not converted:
        return (), parameters
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
                fail(f"parameter {name}{'' if why[:1] in '.[' else ' '}{why} (given: {json.dumps(parameters[name])[:200]})")
    return [given.pop(n) for n in positional if n in given], given


# Remove the first frames of a traceback (this program, Python's library, Prefect), so that it begins in the code of the flow.
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
    function, in_class = load()
    if hasattr(function, "fn") and (type(function).__module__ or "").split(".")[0] == "prefect":
        # A Prefect flow converts its parameters itself. Checking them here reports errors before the flow starts anything.
        args, named = (), parameters
        if not in_class:
            arguments(function.fn, converted=False)
        if getattr(function, "should_validate_parameters", False):
            try:
                function.validate_parameters(parameters)
            except Exception as error:
                # The call itself will report any other error.
                if type(error).__name__ == "ParameterTypeError":
                    fail(" ".join(str(error).split()))
    else:
        args, named = arguments(function)
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

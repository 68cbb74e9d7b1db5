"""Flow of report/weekly: typed parameters, and an async function."""

import asyncio
from dataclasses import dataclass
from datetime import date


@dataclass
class Site:
    name: str
    visitors: int


async def report(since: date, sites: list[Site]) -> dict[str, int]:
    """Count the visitors of some sites, all at once."""
    print(f"since {since:%A, %d %B %Y}:")
    counts = await asyncio.gather(*(count(site) for site in sites))
    return dict(counts)


async def count(site: Site):
    await asyncio.sleep(0.2)
    print(f"  {site.name}: {site.visitors}")
    return site.name, site.visitors

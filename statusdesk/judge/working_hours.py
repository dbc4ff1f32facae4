"""When people work: the moments at which a working day begins and ends, and how much of a time lies within them."""

import datetime
import zoneinfo

from statusdesk.config import EnvironmentSettings

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOKED_AT_DAYS = 30  # either way: as long as people may be off
Span = tuple[int, int]
"""From a moment to a moment, milliseconds."""


class WorkingHours:
    """The working days of the settings in a time zone, which may have summer time."""

    def __init__(self, settings: EnvironmentSettings, timezone: str) -> None:
        self._zone = zoneinfo.ZoneInfo(settings.timezone or timezone or "UTC")
        self._days = {_DAYS.index(day.lower()) for day in settings.work_days}
        self._holidays = {datetime.date.fromisoformat(day) for day in settings.holidays}
        self._from, self._until = (_minutes(text) for text in (settings.work_from, settings.work_until))

    def spans(self, since_ms: int, until_ms: int) -> list[Span]:
        """Return the working times that overlap [``since_ms``, ``until_ms``), oldest first."""
        day = self._date(since_ms) - datetime.timedelta(days=1)
        last = self._date(until_ms)
        spans = []
        while day <= last:
            if self._is_worked(day):
                start_ms, end_ms = self._moment(day, self._from), self._moment(day, self._until)
                if end_ms <= start_ms:  # work that goes on past midnight
                    end_ms = self._moment(day + datetime.timedelta(days=1), self._until)
                if start_ms < until_ms and end_ms > since_ms:
                    spans.append((start_ms, end_ms))
            day += datetime.timedelta(days=1)
        return spans

    def ended_ms(self, now_ms: int) -> int | None:
        """Return when the last working time ended; None within one, and where no day is a working day."""
        known = self.spans(now_ms - _LOOKED_AT_DAYS * 86_400_000, now_ms + 1)
        if any(start_ms <= now_ms < end_ms for start_ms, end_ms in known):
            return None
        return max((end_ms for _, end_ms in known), default=None)

    def is_day_off(self, now_ms: int) -> bool:
        """Tell whether nobody works on the day of a moment."""
        return not self._is_worked(self._date(now_ms))

    def begins_ms(self, now_ms: int) -> int | None:
        """Return when the next working time begins."""
        known = self.spans(now_ms, now_ms + _LOOKED_AT_DAYS * 86_400_000)
        return min((start_ms for start_ms, _ in known if start_ms > now_ms), default=None)

    def _is_worked(self, day: datetime.date) -> bool:
        return day.weekday() in self._days and day not in self._holidays

    def _date(self, ms: int) -> datetime.date:
        return datetime.datetime.fromtimestamp(ms / 1000, self._zone).date()

    def _moment(self, day: datetime.date, minutes: int) -> int:
        days, minutes = divmod(minutes, 24 * 60)
        at = datetime.datetime.combine(day + datetime.timedelta(days=days), datetime.time(), self._zone)
        return round(at.replace(hour=minutes // 60, minute=minutes % 60).timestamp() * 1000)


def overlap_ms(spans: list[Span], others: list[Span]) -> int:
    """Return how long spans and others go on at the same time."""
    return sum(max(0, min(one[1], other[1]) - max(one[0], other[0])) for one in spans for other in others)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)

"""Events in their newer form (events.k8s.io/v1), made from the ones that are kept."""

from statusdesk.demo.kube_kinds import Obj


def newer_event(old: Obj) -> Obj:
    """Return an event as events.k8s.io/v1 tells it."""
    series = old.get("series")
    event: Obj = {"metadata": old["metadata"], "eventTime": old["eventTime"]}
    if series:
        event["series"] = series
    event["reportingController"] = old.get("reportingComponent", "")
    event["reportingInstance"] = old.get("reportingInstance", "")
    if "action" in old:
        event["action"] = old["action"]
    event |= {"reason": old["reason"], "regarding": old["involvedObject"], "note": old["message"], "type": old["type"]}
    event["deprecatedSource"] = old["source"]
    event["deprecatedFirstTimestamp"] = old["firstTimestamp"]
    event["deprecatedLastTimestamp"] = old["lastTimestamp"]
    if "count" in old:
        event["deprecatedCount"] = old["count"]
    return event

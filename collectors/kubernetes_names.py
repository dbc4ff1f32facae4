"""Which namespaces are of interest, which app a workload belongs to, and which version an image is."""

import fnmatch
import re
from collections.abc import Mapping, Sequence

from statusdesk.config import AppSettings
from statusdesk.image_names import image_tag

APP_LABEL = "app.kubernetes.io/name"


def is_glob(name: str) -> bool:
    return any(sign in name for sign in "*?[")


class Interest:
    """Tells namespaces of interest; entries are names or globs such as ``dev-*``, none at all means every one."""

    def __init__(self, namespaces: Sequence[str]) -> None:
        self.names = tuple(dict.fromkeys(entry for entry in namespaces if not is_glob(entry)))
        self.globs = tuple(dict.fromkeys(entry for entry in namespaces if is_glob(entry))) if namespaces else ("*",)
        self._patterns = [re.compile(fnmatch.translate(glob)) for glob in self.globs]
        self._known = dict.fromkeys(self.names, True)

    def __contains__(self, namespace: str) -> bool:
        known = self._known.get(namespace)
        if known is None:
            known = any(pattern.match(namespace) for pattern in self._patterns)
            self._known[namespace] = known
        return known


class AppRules:
    """What the configuration says about apps: whose workload it is, and where the version stands."""

    def __init__(self, apps: Sequence[AppSettings]) -> None:
        self._by_name = {app.name: app for app in apps}
        self._patterns = [(re.compile(fnmatch.translate(glob)), app.name) for app in apps for glob in app.workloads]

    def app_of(self, workload: str, label: str) -> str:
        """Return the app: a glob of the configuration, else the label, else the workload's own name."""
        for pattern, app in self._patterns:
            if pattern.match(workload):
                return app
        return label or workload

    def is_plain(self, app: str) -> bool:
        """Tell whether the configuration gives an app no workloads, so that all of its pods carry its label."""
        return not any(name == app for _, name in self._patterns)

    def main_image(self, app: str, images: Sequence[tuple[str, str]]) -> str:
        """Return the image that carries the version: of the container configured, named as the app, or the first."""
        rule = self._by_name.get(app)
        for wanted in (rule.container if rule else "", app):
            for name, image in images:
                if name == wanted:
                    return image
        return images[0][1] if images else ""

    def version(self, app: str, image: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
        """Return the version as the app's rule says; empty where the label or annotation it names is missing."""
        rule = self._by_name.get(app)
        where, _, name = (rule.version if rule else "image-tag").partition(":")
        if where == "label":
            return labels.get(name, "")
        if where == "annotation":
            return annotations.get(name, "")
        return image_tag(image)

"""Why a simulated pod does not start: no node, no image, no configuration."""

from collections.abc import Callable

from statusdesk.demo.kube_events import About
from statusdesk.demo.kube_model import Behaviour, Condition, ContainerModel, PodModel
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_trouble import note_fault

NOT_READY = "ContainersNotReady"
PodStep = Callable[[PodModel], None]
Later = Callable[[PodModel, float, PodStep], None]
_NO_CONFIG = 'configmap "app-config" not found'


def kubelet_delay_s(times: int) -> int:
    """Return for how long a kubelet backs off the nth time, from a crash or a pull, in seconds of the world."""
    return int(min(300, 10 * 2 ** (times - 1)))


class Refusals:
    """Refuses to start pods; ``again`` is the step that tries to start the app container once more."""

    def __init__(self, parts: KubeParts, later: Later, again: PodStep) -> None:
        self._parts = parts
        self._later = later
        self._again = again

    def _tell(self, pod: PodModel, reason: str, message: str, *, warning: bool) -> None:
        path = f"spec.containers{{{pod.mains[0].name}}}"
        about = About("Pod", "v1", pod.namespace, pod.name, pod.uid, pod.version, path)
        self._parts.events.record(about, reason, message, "kubelet", warning=warning, host=pod.node)

    def unschedulable(self, pod: PodModel) -> None:
        """Leave a pod without a node."""
        count = len(self._parts.nodes)
        none = f"0/{count} nodes are available"
        message = (
            f"{none}: {count} Insufficient cpu. no new claims to deallocate, "
            f"preemption: {none}: {count} Preemption is not helpful for scheduling.{self._parts.flourish}"
        )
        now_ms = self._parts.now_ms()
        if "PodScheduled" not in pod.conditions:
            condition = Condition("PodScheduled", "False", "Unschedulable", message, now_ms, now_ms)
            pod.conditions["PodScheduled"] = condition
            note_fault(pod, "Unschedulable", now_ms)
            self._parts.show(pod)
        about = About("Pod", "v1", pod.namespace, pod.name, pod.uid, pod.version)
        self._parts.events.record(about, "FailedScheduling", message, "default-scheduler", warning=True)

    def refuses(self, pod: PodModel, container: ContainerModel) -> bool:
        """Return whether the app container cannot be started now; if so, say why and try again later."""
        if pod.behaviour is Behaviour.IMAGE_MISSING:
            container.crashes += 1
            self._tell(pod, "Pulling", f'Pulling image "{container.image}"', warning=False)
            self._later(pod, 1.1, self._no_image)
            return True
        if pod.behaviour is Behaviour.CONFIG_MISSING:
            self._later(pod, 0.6, self._no_config)
            return True
        return False

    def standing(self, container: ContainerModel, behaviour: Behaviour) -> tuple[str, str]:
        """Return reason and message that a container waits with when it has waited for long."""
        if behaviour is Behaviour.CONFIG_MISSING:
            return "CreateContainerConfigError", _NO_CONFIG + self._parts.flourish
        back_off = f'Back-off pulling image "{container.image}"'
        return "ImagePullBackOff", f"{back_off}: ErrImagePull: {self._why(container)}"

    def _wait(self, pod: PodModel, reason: str, message: str) -> None:
        container = pod.mains[0]
        container.state, container.reason, container.message = "waiting", reason, message
        self._parts.show(pod)

    def _why(self, container: ContainerModel) -> str:
        image = container.image
        failed = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}"'
        return f"rpc error: code = NotFound desc = {failed}: {image}: not found{self._parts.flourish}"

    def _no_image(self, pod: PodModel) -> None:
        container = pod.mains[0]
        why = self._why(container)
        note_fault(pod, "ImagePull", self._parts.now_ms())
        self._wait(pod, "ErrImagePull", why)
        self._tell(pod, "Failed", f'Failed to pull image "{container.image}": {why}', warning=True)
        self._tell(pod, "Failed", "Error: ErrImagePull", warning=True)
        self._later(pod, 1.5, self._image_back_off)
        self._later(pod, kubelet_delay_s(container.crashes), self._again)

    def _image_back_off(self, pod: PodModel) -> None:
        self._wait(pod, *self.standing(pod.mains[0], Behaviour.IMAGE_MISSING))
        self.complain(pod)

    def complain(self, pod: PodModel) -> None:
        """Tell again and again that the image is not there."""
        container = pod.mains[0]
        if container.reason != "ImagePullBackOff":
            return
        self._tell(pod, "BackOff", f'Back-off pulling image "{container.image}"', warning=False)
        self._tell(pod, "Failed", "Error: ImagePullBackOff", warning=True)
        tries = container.crashes
        self._later(pod, 12, lambda again: self.complain(again) if container.crashes == tries else None)

    def _no_config(self, pod: PodModel) -> None:
        container = pod.mains[0]
        if container.reason != "CreateContainerConfigError":
            note_fault(pod, "ConfigMissing", self._parts.now_ms())
            self._wait(pod, *self.standing(container, Behaviour.CONFIG_MISSING))
        self._tell(pod, "Failed", f"Error: {_NO_CONFIG}{self._parts.flourish}", warning=True)
        self._later(pod, 11.4, self._again)

"""A tick that says what the last one said is not read again, and its news stay news until they are taken."""

import msgspec

from collectors.jenkins_jobs import JobFacts
from collectors.jenkins_wire import Root
from statusdesk.config import JenkinsSettings


def body(*numbers):
    jobs = [
        {"fullName": name, "url": f"http://j/job/{name}/", "color": "blue", "lastBuild": {"number": number}}
        for name, number in zip("ab", numbers, strict=True)
    ]
    return msgspec.json.encode({"jobs": jobs})


def test_an_answer_that_is_as_the_last_one_was_is_decoded_once():
    jobs, decoded = JobFacts(JenkinsSettings(url="http://j")), []

    def decode(text):
        decoded.append(text)
        return msgspec.json.decode(text, type=Root)

    first = jobs.seen(jobs.read(body(1, 1), decode))
    assert [job.name for job in jobs.with_news(first)] == ["a", "b"]
    assert [job.name for job in jobs.with_news(first)] == ["a", "b"], "nobody has taken them"
    jobs.taken(first)
    assert jobs.with_news(first) == []
    again = jobs.seen(jobs.read(body(1, 1), decode))
    assert len(decoded) == 1 and jobs.with_news(again) == []
    later = jobs.seen(jobs.read(body(1, 2), decode))
    assert len(decoded) == 2 and [job.name for job in jobs.with_news(later)] == ["b"]
    assert later[0] is first[0]

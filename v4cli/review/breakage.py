from dataclasses import dataclass, field
@dataclass
class Found:
    findings: list = field(default_factory=list)
    checked: set = field(default_factory=set)
    contents: dict = field(default_factory=dict)
def check(git, change):
    return Found()

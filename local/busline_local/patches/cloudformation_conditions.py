"""Change sets that know which resources a condition leaves out.

Stock lists a resource as added regardless of its `Condition`, and finds no
changes when a parameter turns a condition over.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html:
a resource with a false condition does not exist; it is added when the
condition becomes true and removed when it becomes false.
Patched where the two templates are made comparable: such resources are left out
of both.
"""

from typing import Any

from ministack.services.cloudformation import changesets

Template = dict[str, Any]


def apply() -> None:
    """Compare templates by the resources that exist."""
    comparable = changesets._resolve_props_for_diff

    def comparable_by_what_exists(
        template: Template, parameters: dict[str, Any], stack_name: str, stack_id: str
    ) -> Template:
        conditions = changesets._evaluate_conditions(template, parameters)
        resolved: Template = comparable(template, parameters, stack_name, stack_id)
        resources = {
            name: resource
            for name, resource in resolved.get("Resources", {}).items()
            if conditions.get(resource.get("Condition"), True)
        }
        return {**resolved, "Resources": resources}

    changesets._resolve_props_for_diff = comparable_by_what_exists

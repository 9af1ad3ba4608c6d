"""Our routes give way to a site's own route for the same path."""

from collections.abc import Callable

from quart import Quart
from quart.routing import QuartRule
from werkzeug.routing import Map, Rule


def give_way(app: Quart, *, blueprints: set[str]) -> None:
    """From now on, a rule that the site adds takes its methods away from our rule for the same path.

    Otherwise the router would choose ours, which was added first, and nobody would see the site's own home page.
    `url_for` still builds our endpoint's URL, which now leads to the site's page.
    """
    app.url_rule_class = _site_rule(app.url_rule_class, lambda rule: rule.endpoint.partition(".")[0] in blueprints)


def _site_rule(kind: type[QuartRule], is_ours: Callable[[Rule], bool]) -> type[QuartRule]:
    class SiteRule(kind):  # type: ignore[misc,valid-type]  # the application's own kind of rule
        def bind(self, map: Map, rebind: bool = False) -> None:  # noqa: A002  # werkzeug's name
            super().bind(map, rebind)
            for rule in filter(is_ours, map.iter_rules()):
                if rule.methods and _place(rule) == _place(self):
                    rule.methods -= self.methods or set()

    return SiteRule


def _place(rule: Rule) -> tuple[object, ...]:
    return rule.rule, rule.subdomain, rule.host, rule.websocket

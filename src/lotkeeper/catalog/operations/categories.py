"""Categories: made, renamed, moved, deleted when empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.errors import CategoryCycle, CategoryNameTaken, CategoryTooDeep, TooMany
from lotkeeper.catalog.models import Category
from lotkeeper.catalog.operations._saving import check_values, delete_unused, save_row
from lotkeeper.catalog.policies import MAX_CATEGORY_DEPTH, depth_of, height_of, is_within
from lotkeeper.core.errors import NotFound
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.core.unset import UNSET, Change

#: The whole tree is read and locked to move a branch, and shown at once to choose from.
MAX_CATEGORIES: Final = 2000


def create_category(*, actor: Actor, name: str, parent_id: int | None = None) -> Category:
    """Make a category, at the top or inside another.

    Raises:
        NotFound: if there is no such parent.
        CategoryNameTaken: if there already is one of that name in the same place.
        CategoryTooDeep: if the tree would get too deep.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        parents = _locked_tree()
        if len(parents) >= MAX_CATEGORIES:
            raise TooMany(limit=MAX_CATEGORIES, what="categories")
        _check_depth(parents, parent_id, height=1)
        category = Category(name=name, parent_id=parent_id)
        _save(category)
    return category


def update_category(
    *, actor: Actor, category_id: int, name: Change[str] = UNSET, parent_id: Change[int | None] = UNSET
) -> Category:
    """Rename a category, or move it with everything below it (to the top when the parent is None).

    Raises:
        NotFound: if there is no such category or parent.
        CategoryCycle: if it would lie inside itself.
        CategoryNameTaken: if there already is one of that name in the same place.
        CategoryTooDeep: if the tree would get too deep.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        parents = _locked_tree()
        category = _category(category_id)
        if name is not UNSET:
            category.name = name
        if parent_id is not UNSET and parent_id != category.parent_id:
            if parent_id in parents and is_within(parents, parent_id, category_id):
                raise CategoryCycle(name=category.name, category_id=category_id, parent_id=parent_id)
            _check_depth(parents, parent_id, height=height_of(parents, category_id))
            category.parent_id = parent_id
        _save(category)
    return category


def delete_category(*, actor: Actor, category_id: int) -> None:
    """Delete a category that holds nothing.

    Raises:
        NotFound: if there is no such category.
        StillInUse: if it holds categories or products.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        delete_unused(_category(category_id), "category")


def _locked_tree() -> Mapping[int, int | None]:
    """The tree as it is once nobody else can change it.

    Two moves that each are right can make a cycle together, so whoever shapes the tree locks all of it. It is read in
    a second statement: the first one's snapshot is from before the wait.
    """
    categories = Category.objects.order_by("id")
    list(categories.select_for_update(no_key=True).values_list("id", flat=True))
    return dict(categories.values_list("id", "parent_id"))


def _category(category_id: int) -> Category:
    category: Category | None = Category.objects.filter(pk=category_id).first()
    if category is None:
        raise NotFound("category", category_id=category_id)
    return category


def _check_depth(parents: Mapping[int, int | None], parent_id: int | None, *, height: int) -> None:
    if parent_id is not None and parent_id not in parents:
        raise NotFound("category", parent_id=parent_id)
    depth = depth_of(parents, parent_id) + height
    if depth > MAX_CATEGORY_DEPTH:
        raise CategoryTooDeep(limit=MAX_CATEGORY_DEPTH, depth=depth)


def _save(category: Category) -> None:
    check_values(category)
    save_row(category, lambda: CategoryNameTaken(name=category.name, parent_id=category.parent_id))

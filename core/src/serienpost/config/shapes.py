"""What may stand at a place of a file, read off the models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import BaseModel, RootModel

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from serienpost.config.document import Loc


def model_at(shape: Any, loc: Loc) -> type[BaseModel] | None:  # noqa: ANN401  # a type form
    """The model whose keys may stand at `loc` below a type, None where anything else may."""
    if get_origin(shape) is Annotated:
        return model_at(get_args(shape)[0], loc)
    if isinstance(shape, type) and issubclass(shape, RootModel):
        return model_at(shape.model_fields["root"].annotation, loc)
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        if not loc:
            return shape
        field = _field(shape, loc[0])
        return model_at(field.annotation, loc[1:]) if field else None
    options = get_args(shape)
    if get_origin(shape) in {dict, list, tuple}:
        return model_at(options[-1 if get_origin(shape) is dict else 0], loc[1:]) if loc else None
    found = (model_at(option, loc) for option in options)
    return next((model for model in found if model), None)


def field_at(model: type[BaseModel], loc: Loc) -> FieldInfo | None:
    """The field that a way leads to, None where it leads into a list, a map or nowhere."""
    parent = model_at(model, loc[:-1]) if loc else None
    return _field(parent, loc[-1]) if parent else None


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys as users write them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _field(model: type[BaseModel], key: str | int) -> FieldInfo | None:
    for name, field in model.model_fields.items():
        if key in {name, field.alias}:
            return field
    return None

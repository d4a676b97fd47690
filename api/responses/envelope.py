"""The parts that every answer shares. These models document and test answers; answers themselves are written as bytes."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """An object of an answer. Fields that are not declared are a bug, so that the document stays true."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Meta(Answer):
    """About the answer, not the thing."""

    timestamp: str = Field(description="when it was answered", json_schema_extra={"format": "date-time"})


class ListMeta(Meta):
    """About a list."""

    count: int = Field(description="items in this answer")


class PageMeta(ListMeta):
    """About a page of a list."""

    next_cursor: str | None = Field(default=None, description="where the next page begins; absent on the last one")


class ErrorBody(Answer):
    """What went wrong."""

    code: str = Field(description="stable, for programs", examples=["VALIDATION_ERROR"])
    message: str = Field(description="for people")
    details: list[dict[str, Any]] = Field(description="each thing that is wrong: field, location, message")
    traceId: str = Field(description="finds the log lines of this request")  # noqa: N815  (the name on the wire)


class ErrorAnswer(Answer):
    """Every answer that is no success."""

    error: ErrorBody

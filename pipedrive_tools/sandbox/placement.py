"""Where a deal stands: a stage implies its pipeline, a pipeline its first stage."""

from pipedrive_tools.sandbox.answers import Record, refusal
from pipedrive_tools.sandbox.world import Values, World


def placed(world: World, body: Values, before: Record | None) -> Values:
    """Stage and pipeline after a write; nothing where they stay."""
    stages = world.store["stages"]
    if "stage_id" in body:
        stage = stages.get(body["stage_id"])
        pipeline_id = stage["pipeline_id"] if stage else None
        if body.get("pipeline_id", pipeline_id) != pipeline_id:
            raise refusal(400, "The stage does not belong to the pipeline")
        moves = before is not None and before["pipeline_id"] != pipeline_id
        if moves and "pipeline_id" not in body and world.switches.stage_other_pipeline == "400":
            raise refusal(400, "The stage is in another pipeline; send its pipeline_id too")
        return {"stage_id": body["stage_id"], "pipeline_id": pipeline_id}
    if before is not None and body.get("pipeline_id", before["pipeline_id"]) == before["pipeline_id"]:
        return {}
    pipeline_id = body.get("pipeline_id") or first_pipeline(world)
    return {"stage_id": first_stage(world, pipeline_id), "pipeline_id": pipeline_id}


def first_pipeline(world: World) -> int:
    """The pipeline that new deals go to."""
    living = (each for each in world.store["pipelines"].records() if not each["is_deleted"])
    return int(min(living, key=lambda each: (each["order_nr"], each["id"]))["id"])


def first_stage(world: World, pipeline_id: int) -> int:
    """The stage at which a pipeline begins."""
    linked = world.store.linked("stages", "pipeline_id", pipeline_id)
    living = (each for each in linked if not each["is_deleted"])
    return int(min(living, key=lambda each: (each["order_nr"], each["id"]))["id"])

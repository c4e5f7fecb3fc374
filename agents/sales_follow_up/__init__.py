"""The sales follow-up agent: finds the deals and leads that nobody follows up, and schedules the next step for each.

Plan, then act. `reading` fetches in bulk, `review` finds and ranks by `signals` and `ranking`, `planning` asks a
planner about one case at a time, `proposals` has the gate judge each answer, `consent` holds what a person decided,
`applying` schedules exactly that, `report` tells. `steps` has all of them in a row, for `agent.run`, for a graph or for
a workflow. Only `reading`, `proposals` and `applying` touch Pipedrive, and only through a `Toolset`.
"""

"""The sales follow-up agent: finds open deals that nobody is following up, and schedules the next step for each.

Plan, then act: `reading` fetches in bulk, `review` finds and ranks, `proposals` plans one dated step per deal,
`consent` holds what a person agreed to, `applying` schedules exactly that. Only `reading` and `applying` touch
Pipedrive, and only through a `Toolset`.
"""

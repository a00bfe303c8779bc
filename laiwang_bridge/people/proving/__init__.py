"""The ways to an address: by mail, by text message, by what the homeserver knows. All are off until configured.

Each is a worker of jobs (`appservice.routes.Routes.on_job`). What it returns says in `problem` why there was none, as
one of `problems.Problem`; what will pass it raises as `Later`.
"""

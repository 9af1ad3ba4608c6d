"""What every request passes: client address, headers, same-origin check, request id."""
